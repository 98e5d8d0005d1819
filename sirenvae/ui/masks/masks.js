import { mounting } from "../shared/mount.js";
import { BlockView } from "./block.js";
import { StackView } from "./stack.js";
import { VaeView } from "./whole.js";

export default mounting({ block: BlockView, stack: StackView, whole: VaeView });
