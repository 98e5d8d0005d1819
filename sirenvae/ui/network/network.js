import { mounting } from "../shared/mount.js";
import { Gallery } from "./gallery.js";
import { PlatesView } from "./plates.js";
import { NetworkView } from "./view.js";

export default mounting({ network: NetworkView, gallery: Gallery, plates: PlatesView });
