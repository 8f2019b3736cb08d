/**
 * The list next to the item: pages of a partition, of an index, or of the whole table.
 *
 * A query is sent as a body, because browsers remove the keys . and .. from URLs.
 */
import {
  credential,
  credentialHeaders,
  element,
  exchange,
  keys,
  openItem,
  problemText,
} from "./item.js";
import { elementsOf, memberOf, tokensOf } from "./json-text.js";

const [source, partition, condition, low, high, order, limit, rows, outcome] = [
  "source", "partition", "condition", "low", "high", "order", "limit", "rows", "list-outcome",
].map(element);
const keyNames = JSON.parse(rows.dataset.keys);
const PREVIEW_CHARACTERS = 200;

// `starts` has the cursor of each page up to the next one; the first page has none.
let view = null; // what is shown: the list, the starts of its pages, and the position in them
let requested = null; // the view that is being read
let loading = null;
let shown = []; // the keys of the items in the rows

const isSame = (one, other) => one.every((value, index) => value === other[index]);

const openedKey = () => keys.map(({ value }) => value);

/** The chosen list: of an index, of the table's partition, or of all items. */
const chosen = () => source.selectedOptions[0].dataset;

const isWholeTable = () => chosen().partition === "";

/** The names of the parameters that the condition on the sort key has. */
const bounds = () => (chosen().sort === "" ? "" : condition.value).split(",").filter(Boolean);

/** Show the fields that the chosen list has. */
function showFields() {
  const { index, sortType } = chosen();
  for (const attribute of ["partition", "sort"]) {
    const type = document.createElement("small");
    type.textContent = chosen()[`${attribute}Type`];
    const label = document.querySelector(`[data-for=${attribute}] span`);
    label.replaceChildren(`${chosen()[attribute]} `, type);
  }
  const prefix = condition.querySelector("[value=prefix]");
  prefix.disabled = prefix.hidden = sortType === "number";
  if (prefix.disabled && condition.value === "prefix") condition.value = "";
  const isPresent = {
    partition: !isWholeTable(),
    sort: chosen().sort !== "",
    bound: bounds().length > 0,
  };
  for (const field of document.querySelectorAll("#list [data-for]")) {
    field.hidden = !isPresent[field.dataset.for];
  }
  high.parentElement.hidden = bounds().length < 2;
  low.required = bounds().length > 0 && condition.value !== "prefix";
  for (const input of [partition, low, high]) input.disabled = input.parentElement.hidden;
  partition.inputMode = chosen().partitionType === "number" ? "decimal" : "text";
  low.inputMode = high.inputMode = sortType === "number" ? "decimal" : "text";
  // A tenant's items are in one partition: item.js has put it into the key field.
  partition.readOnly = index === "" && keys[0].readOnly;
  if (partition.readOnly) partition.value = keys[0].value;
}

/** Enable the lists that the caller may read: a tenant may not read the whole table. */
function showLists() {
  const options = [...source.options];
  for (const option of options) {
    option.disabled = option.dataset.partition === "" && keys[0].readOnly;
  }
  if (source.selectedOptions[0].disabled) {
    source.selectedIndex = Math.max(0, options.findIndex(({ disabled }) => !disabled));
  }
  showFields();
}

/** The list that the form describes: its parameters, and the number of items in a page. */
function described() {
  const size = { limit: limit.valueAsNumber };
  if (isWholeTable()) return { isQuery: false, parameters: size };
  const { index, partition: partitionName } = chosen();
  const key = index === "" ? { id: partition.value } : { index, value: partition.value };
  const sort = chosen().sort === "" ? {} : { order: order.value };
  bounds().forEach((bound, position) => (sort[bound] = [low, high][position].value));
  return { isQuery: true, parameters: { ...key, ...sort, ...size }, partitionName };
}

/** Send the request for a page. */
function requestPage({ isQuery, parameters }, extra, signal) {
  const headers = { Accept: "application/json", ...credentialHeaders() };
  const all = { ...parameters, ...extra };
  if (!isQuery) return exchange(`items?${new URLSearchParams(all)}`, { headers, signal });
  return exchange("./items:query", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(all),
    signal,
  });
}

function report(text, isSuccess) {
  outcome.textContent = text;
  outcome.className = isSuccess ? "" : "failure";
}

/**
 * Read and show a page. After a write the read is strongly consistent, where that is possible;
 * if nothing is left on the page then, the one before is shown.
 */
async function load(wanted, isAfterWrite = false) {
  const { list, starts, position } = wanted;
  requested = wanted;
  loading?.abort();
  const { signal } = (loading = new AbortController());
  rows.setAttribute("aria-busy", "true");
  const cursor = starts[position];
  const extra = {
    ...(cursor === null ? {} : { cursor }),
    ...(isAfterWrite && list.parameters.index === undefined ? { consistent_read: true } : {}),
  };
  try {
    const response = await requestPage(list, extra, signal);
    if (!response.ok) report(problemText(response), false);
    else if (!showPage(response.text, wanted)) {
      return load({ ...wanted, position: position - 1 }, isAfterWrite);
    }
  } catch (error) {
    if (signal.aborted) return;
    report(`No response from the service: ${error.message}`, false);
  }
  requested = null;
  rows.removeAttribute("aria-busy");
}

/** Show a page and its place in the list. Return false if everything on it is gone. */
function showPage(text, { list, starts, position }) {
  const { items, next } = JSON.parse(text); // strings only: the items are shown from the text
  if (items.length === 0 && next === null && position > 0) return false;
  const known = starts.slice(0, position + 1);
  view = { list, starts: next === null ? known : [...known, next], position };
  const entries = elementsOf(memberOf(tokensOf(text), "items"));
  showRows(items, entries.map((entry) => memberOf(entry, "item")), list);
  showButton(element("previous"), position > 0, element("next"));
  showButton(element("next"), next !== null, element("previous"));
  const count = items.length === 1 ? "1 item" : `${items.length || "No"} items`;
  const rest = next === null ? "The list ends here." : "More follow.";
  report(`${count}, page ${position + 1}. ${rest}`, true);
  return true;
}

/** Enable or disable a button; a button that had the focus passes it on. */
function showButton(button, isEnabled, other) {
  const hadFocus = document.activeElement === button;
  button.disabled = !isEnabled;
  if (hadFocus && !isEnabled) (other.disabled ? (tabStop() ?? source) : other).focus();
}

function showRows(items, contents, { partitionName }) {
  const focused = [...rows.children].findIndex((row) => row.contains(document.activeElement));
  shown = items.map(({ id, name: sort }) => (keys.length === 1 ? [id] : [id, sort]));
  rows.replaceChildren(
    ...shown.map((key, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      const isOnePartition = partitionName === keyNames[0] && keys.length > 1;
      for (const value of isOnePartition ? key.slice(1) : key) {
        const part = document.createElement("b");
        part.textContent = value;
        button.append(part, " ");
      }
      const preview = document.createElement("span");
      preview.textContent = previewOf(contents[index]);
      button.append(preview);
      button.addEventListener("click", () => open(index));
      const row = document.createElement("li");
      row.append(button);
      return row;
    }),
  );
  markOpened();
  if (focused !== -1) rows.children[Math.min(focused, items.length - 1)]?.firstChild.focus();
}

/** The attributes of an item that are not keys, as far as they fit in a line. */
function previewOf(item) {
  let text = "";
  for (const [name, , ...value] of elementsOf(item)) {
    if (keyNames.includes(JSON.parse(name))) continue;
    text += `${text && ", "}${name}: ${value.join("")}`;
    if (text.length > PREVIEW_CHARACTERS) return `${text.slice(0, PREVIEW_CHARACTERS)}…`;
  }
  return text;
}

const rowButtons = () => [...rows.querySelectorAll("button")];

/** Mark the row of the item in the editor. The list has one tab stop: that row, or the first. */
function markOpened() {
  const opened = shown.findIndex((key) => isSame(key, openedKey()));
  rowButtons().forEach((button, index) => {
    if (index === opened) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
  setTabStop(rowButtons()[Math.max(opened, 0)]);
}

const tabStop = () => rows.querySelector("[tabindex='0']");

function setTabStop(button) {
  for (const each of rowButtons()) each.tabIndex = each === button ? 0 : -1;
}

async function open(index) {
  if (!(await openItem(shown[index]))) return;
  markOpened();
  element("request").focus({ preventScroll: true });
  const isNextToList = matchMedia("(min-width: 56rem)").matches; // as in browse.css
  element("request").scrollIntoView({ block: isNextToList ? "nearest" : "start" });
}

element("list").addEventListener("submit", (event) => {
  event.preventDefault();
  if (credential !== null && !credential.reportValidity()) return;
  load({ list: described(), starts: [null], position: 0 });
});
for (const choice of [source, condition]) choice.addEventListener("change", showFields);
for (const [button, step] of [["previous", -1], ["next", 1]]) {
  element(button).addEventListener("click", () =>
    load({ ...view, position: view.position + step }),
  );
}
rows.addEventListener("focusin", ({ target }) => setTabStop(target));
rows.addEventListener("keydown", (event) => {
  const buttons = rowButtons();
  const current = buttons.indexOf(document.activeElement);
  const moves = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: buttons.length - 1 };
  const target = buttons[moves[event.key]];
  if (target === undefined) return;
  event.preventDefault();
  target.focus();
});
element("to-list").addEventListener("click", () => (tabStop() ?? source).focus());
document.addEventListener("item", ({ detail }) => {
  markOpened();
  const current = requested ?? view;
  if (detail.isWritten && current !== null) load(current, true);
});
document.addEventListener("tenant", showLists);
for (const key of keys) key.addEventListener("input", markOpened);

element("request").tabIndex = -1; // the focus goes there when an item is opened
showFields();
// At once only what needs no credential and costs one page of a partition.
const isReady = credential === null && !isWholeTable() && element("list").checkValidity();
if (isReady) element("list").requestSubmit();
