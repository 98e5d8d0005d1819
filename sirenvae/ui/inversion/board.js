// What the components of a page tell each other without asking the server: the stepper says where it is, a question says
// what to light, and an export asks for the picture.

export const board = Object.assign(new EventTarget(), { step: 0, lights: null, stepper: null });

export function post(name, value) {
  board[name] = value;
  board.dispatchEvent(new Event(name));
}
