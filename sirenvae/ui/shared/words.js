// Counts and lists in words.

export const several = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

export function shortened(words, most = 5) {
  return words.slice(0, most).join(", ") + (words.length > most ? ` and ${words.length - most} more` : "");
}
