/** JSON as tokens: a change of one value keeps every digit of the others. */

/** The tokens of a JSON text. */
export const tokensOf = (json) => json.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];

/** The tokens of each element of an array, or of each member of an object with its name. */
export function elementsOf(tokens) {
  const elements = [];
  let depth = 0;
  for (const token of tokens) {
    if ("}]".includes(token)) depth -= 1;
    if (depth === 1 && (elements.length === 0 || token === ",")) elements.push([]);
    if (depth > 1 || (depth === 1 && token !== ",")) elements.at(-1).push(token);
    if ("{[".includes(token)) depth += 1;
  }
  return elements;
}

/** The tokens of a member's value in a JSON object; none if the object has no such member. */
export const memberOf = (tokens, name) =>
  elementsOf(tokens).find(([member]) => member === `"${name}"`)?.slice(2) ?? [];

/** JSON with one member per line. */
export function indented(tokens) {
  let depth = 0;
  let text = "";
  tokens.forEach((token, index) => {
    const line = (levels) => `\n${"  ".repeat(levels)}`;
    if (token === "{" || token === "[") {
      const isEmpty = "}]".includes(tokens[index + 1] ?? "x");
      depth += 1;
      text += isEmpty ? token : token + line(depth);
    } else if (token === "}" || token === "]") {
      depth -= 1;
      text += "{[".includes(tokens[index - 1]) ? token : line(depth) + token;
    } else if (token === ",") text += token + line(depth);
    else text += token === ":" ? ": " : token;
  });
  return text;
}

/** The members of an object by name, each as the tokens of its value; none of any other value. */
export const membersOf = (tokens) =>
  new Map(
    tokens[0] === "{"
      ? elementsOf(tokens).map(([name, , ...value]) => [JSON.parse(name), value])
      : [],
  );

const separated = (parts) => parts.flatMap((part, index) => (index ? [",", ...part] : part));

/** The tokens of an object with these members. */
export function objectOf(members) {
  const parts = [...members].map(([name, value]) => [JSON.stringify(name), ":", ...value]);
  return ["{", ...separated(parts), "}"];
}

/** The tokens of an array with these tokens as elements. */
export const arrayOf = (elements) => ["[", ...separated(elements.map((token) => [token])), "]"];

/** Whether a text is a JSON object. */
export function isObject(text) {
  try {
    JSON.parse(text);
    return tokensOf(text)[0] === "{";
  } catch {
    return false;
  }
}
