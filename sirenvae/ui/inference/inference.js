import { mounting } from "../shared/mount.js";
import { InverseView } from "./inverse.js";
import { PosteriorView } from "./posterior.js";

export default mounting({ inverse: InverseView, posterior: PosteriorView });
