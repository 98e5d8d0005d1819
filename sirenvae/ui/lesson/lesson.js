import { mounting } from "../shared/mount.js";
import { Strip } from "./strip.js";
import { appLink } from "./visit.js";

// The link to the lesson's first stop.
class Start {
  constructor(place) {
    this.place = place;
  }

  update({ href, words }) {
    this.place.replaceChildren(appLink({ class: "start", href }, words));
  }
}

export default mounting({ strip: Strip, start: Start });
