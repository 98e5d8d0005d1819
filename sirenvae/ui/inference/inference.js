import { mounting } from "../shared/mount.js";
import { InverseView } from "./inverse.js";
import { MarginalsView } from "./marginals.js";
import { PosteriorView } from "./posterior.js";

export default mounting({ inverse: InverseView, marginals: MarginalsView, posterior: PosteriorView });
