// The link to the lesson's first stop.

export default function ({ data, parentElement }) {
  const mount = parentElement.querySelector(".mount");
  mount.replaceChildren(appLink({ class: "start", href: data.href }, data.words));
}
