/**
 * The fields of an item, by the schema of the service.
 *
 * They show and change the JSON text of the item: what no field has changed stays as it was read,
 * to the last digit, and the same text is what is saved, and what the view as JSON shows.
 */
import { element, report } from "./item.js";
import {
  arrayOf,
  elementsOf,
  indented,
  isObject,
  membersOf,
  objectOf,
  tokensOf,
} from "./json-text.js";

const [body, asForm, group] = ["body", "as-form", "fields"].map(element);
const keys = JSON.parse(group.dataset.keys);
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const ARRAY = { lines: JSON.stringify, "number-lines": numberOr };

const fields = [...group.querySelectorAll(".field")].map((box) => {
  const control = box.querySelector(":scope > .control"); // null for a map
  return {
    box,
    control,
    kind: box.dataset.kind,
    path: JSON.parse(box.dataset.path),
    isOptional: "optional" in box.dataset,
    isReadOnly: control?.matches("[readonly], :disabled") ?? false,
    error: box.querySelector(":scope > .error"),
    note: "", // why the value cannot be changed here
  };
});

/** The names of the members of a map that have a field, or at the root are keys. */
const declared = (path) =>
  new Set([
    ...(path.length ? [] : keys),
    ...fields
      .filter((field) => field.kind !== "rest" && field.path.length === path.length + 1)
      .filter((field) => path.every((name, index) => field.path[index] === name))
      .map((field) => field.path.at(-1)),
  ]);

/** A number as it is typed; other text as a string, which the service rejects with a sentence. */
function numberOr(text) {
  return NUMBER.test(text.trim()) ? text.trim() : JSON.stringify(text);
}

/** The text of a string or a number; null for any other value. */
function scalar([token, ...others]) {
  if (others.length || /^[{[tfn]/.test(token)) return null;
  return token[0] === '"' ? JSON.parse(token) : token;
}

/** The lines of an array; null if not every element is a line. */
function lines(tokens) {
  if (tokens[0] !== "[") return null;
  const texts = elementsOf(tokens).map(scalar);
  return texts.every((text) => text !== null && /^.*\S.*$/.test(text)) ? texts.join("\n") : null;
}

/** The text that a field shows for a value; null for a value of another form. */
function textOf({ kind }, tokens) {
  if (kind in ARRAY) return lines(tokens);
  if (kind === "json" || kind === "rest") return indented(tokens);
  if (kind !== "choice") return scalar(tokens);
  const [token, ...others] = tokens;
  if (others.length) return null;
  return token[0] === '"' ? JSON.stringify(JSON.parse(token)) : token;
}

/** The value of a field as tokens; none for an absent one. */
function tokensOfField({ kind, control: { value } }) {
  if (value === "") return [];
  if (kind === "text") return [JSON.stringify(value)];
  if (kind === "number") return [numberOr(value)];
  if (!(kind in ARRAY)) return tokensOf(value);
  const rows = value.split("\n").filter((line) => line.trim() !== "");
  return rows.length ? arrayOf(rows.map((row) => ARRAY[kind](row))) : [];
}

/** What is wrong with the text of a field that contains JSON. */
function jsonError({ kind, path, control: { value } }) {
  if (value.trim() === "" || !["json", "rest"].includes(kind)) return "";
  if (kind === "rest") {
    if (!isObject(value)) return "Enter a JSON object.";
    const known = declared(path);
    const name = [...membersOf(tokensOf(value)).keys()].find((each) => known.has(each));
    return name === undefined ? "" : `${name} has a field of its own.`;
  }
  try {
    JSON.parse(value);
    return "";
  } catch {
    return "Enter a JSON value.";
  }
}

const valueAt = (tokens, path) =>
  path.reduce((value, name) => membersOf(value).get(name) ?? [], tokens);

/** The members of an object that have no field; none without such members. */
function restOf(tokens, path) {
  const members = membersOf(tokens);
  for (const name of declared(path)) members.delete(name);
  return members.size ? objectOf(members) : [];
}

/** An object after a change of one member, which may be inside other members. */
function changed(tokens, path, change) {
  if (path.length === 0) return change(tokens);
  const [name, ...inner] = path;
  const members = membersOf(tokens);
  const value = changed(members.get(name) ?? [], inner, change);
  if (value.length) members.set(name, value);
  else members.delete(name);
  return members.size ? objectOf(members) : [];
}

/** Show what is wrong with a field next to it; nothing removes what was shown. */
function explain({ control, error, note }, ...sentences) {
  error.textContent = [note, ...sentences].filter(Boolean).join("\n");
  if (error.textContent) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
}

/** Show the value of a field. A value of another form cannot be changed here. */
function show(field, tokens) {
  const { kind, path, box, control, isOptional, isReadOnly } = field;
  const value = valueAt(tokens, path);
  let isShown = kind !== "map" || value.length === 0 || value[0] === "{";
  if (kind === "map") box.disabled = !isShown;
  else {
    const part = kind === "rest" ? restOf(value, path) : value;
    const text = part.length ? textOf(field, part) : "";
    control.setCustomValidity("");
    control.value = text ?? "";
    isShown = control.value === (text ?? null); // a browser shows no line break in one line
    control[control.matches("select") ? "disabled" : "readOnly"] = isReadOnly || !isShown;
    box.hidden = isOptional && part.length === 0;
  }
  field.note = isShown ? "" : `${indented(value)} does not fit this field. Change it as JSON.`;
  explain(field);
}

function fill() {
  const tokens = body.value.trim() === "" ? ["{", "}"] : tokensOf(body.value);
  group.disabled = tokens[0] !== "{";
  for (const field of fields) show(field, tokens);
}

/** Write a field to the text. */
function write(field, value) {
  const { kind, path } = field;
  const tokens = changed(tokensOf(body.value), path, (before) => {
    if (kind !== "rest") return value;
    const known = declared(path);
    const kept = [...membersOf(before)].filter(([name]) => known.has(name));
    const members = new Map([...kept, ...membersOf(value)]);
    return members.size ? objectOf(members) : [];
  });
  body.value = indented(tokens.length ? tokens : ["{", "}"]);
}

function edit(field) {
  const sentence = jsonError(field);
  field.control.setCustomValidity(sentence);
  explain(field, sentence);
  if (sentence === "") write(field, tokensOfField(field));
}

/** The field of a JSON Pointer: the nearest one; in a map, what has no field of its own. */
function fieldAt(path) {
  const around = fields.filter(
    (field) => !field.box.hidden && field.path.every((name, index) => name === path[index]),
  );
  const depth = Math.max(...around.map((field) => field.path.length));
  const nearest = around.filter((field) => field.path.length === depth);
  return depth === path.length ? nearest[0] : nearest.at(-1);
}

for (const field of fields) field.control?.addEventListener("input", () => edit(field));

document.addEventListener("errors", ({ detail }) => {
  const sentences = new Map(fields.map((field) => [field, []]));
  for (const { pointer, detail: sentence } of detail) {
    const parts = pointer.split("/").slice(1);
    const path = parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    const field = keys.includes(path[0]) ? undefined : fieldAt(path);
    const inside = path.slice(field?.path.length).join("/");
    sentences.get(field)?.push(inside ? `${inside}: ${sentence}` : sentence);
  }
  for (const [field, found] of sentences) explain(field, ...found);
  if (!group.hidden) group.querySelector("[aria-invalid]")?.focus();
});

body.addEventListener("text", fill);

// No client can set them, and an item that is created has none.
element("create").addEventListener(
  "click",
  () => {
    if (group.hidden) return;
    for (const field of fields.filter(({ isReadOnly }) => isReadOnly)) write(field, []);
  },
  { capture: true },
);

/** Show the fields or the text. */
function showView(isForm) {
  group.hidden = !isForm;
  element("text").hidden = isForm;
  if (isForm) fill();
}

/** Whether the other view would lose nothing; otherwise the user learns why it would. */
function canLeave(isForm) {
  const incomplete = group.querySelector(".control:invalid");
  if (isForm && body.value.trim() !== "" && !isObject(body.value)) {
    report("The text is not a JSON object, so it has no fields.", false);
    return false;
  }
  return isForm || group.hidden || incomplete === null || incomplete.reportValidity();
}

for (const radio of document.querySelectorAll("input[name=form]")) {
  radio.addEventListener("chosen", (event) => {
    if (event.cancelable && !canLeave(radio === asForm)) event.preventDefault();
    else showView(radio === asForm);
  });
}
showView(asForm.checked);
