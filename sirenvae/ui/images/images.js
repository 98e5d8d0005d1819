import { mounting } from "../shared/mount.js";
import { SheetView } from "./sheet.js";

export default mounting({ sheet: SheetView });
