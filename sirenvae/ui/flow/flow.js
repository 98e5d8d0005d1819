import { mounting } from "../shared/mount.js";
import { FlowView } from "./view.js";

export default mounting({ flow: FlowView });
