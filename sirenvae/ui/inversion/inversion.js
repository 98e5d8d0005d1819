import { mounting } from "../shared/mount.js";
import { post } from "./board.js";
import { Exporter } from "./export.js";
import { RaceBoard } from "./race.js";
import { Stepper } from "./stepper.js";

// A question's answer on its way to the pictures; it shows nothing itself.
class Lamp {
  constructor(place) {
    place.getRootNode().host.style.display = "none";
  }

  update({ lights }) {
    post("lights", lights);
  }

  destroy() {
    post("lights", null);
  }
}

export default mounting({ stepper: Stepper, lamp: Lamp, race: RaceBoard, export: Exporter });
