import { indented, memberOf, tokensOf } from "./json-text.js";
import { signIn } from "./sign-in.js";

export const element = (id) => document.getElementById(id);
const [body, outcome] = ["body", "outcome"].map(element);
export const keys = [...document.querySelectorAll("input[name=key]")]; // one for each key attribute
export const credential = element("credential"); // null without authentication

const forms = [...document.querySelectorAll("input[name=form]")];

const REPRESENTATION = "return=representation"; // a 412 then contains the stored item

let etag = null;
let shown = "";
let stored = null; // after a 412, what is stored now: its ETag and its text
let reading = null; // the read in progress; a later request aborts it
let writing = Promise.resolve(); // settled once the last write is
let chosen = forms.find(({ checked }) => checked);

const path = () => ["items", ...keys.map(({ value }) => encodeURIComponent(value))].join("/");

/** What the user has entered: the text, and what is not in it since its field is incomplete. */
const entered = () =>
  [body, ...document.querySelectorAll("#fields .control:invalid")]
    .map(({ value }) => value)
    .join("\0");

const isEdited = () => entered() !== shown;

/** Replace the text of the item. */
function setText(text) {
  body.value = text;
  body.dispatchEvent(new Event("text"));
}

/** Whether the edits in the text field may be replaced: nothing is edited, or the user agrees. */
const mayDiscardEdits = () =>
  !isEdited() || confirm("Discard your edits? They are not saved.");

/** The headers of the bearer token or API key, which is stored nowhere but in its field. */
export const credentialHeaders = () =>
  credential === null
    ? {}
    : { [credential.dataset.header]: credential.dataset.prefix + credential.value.trim() };

/** The claims of a bearer token, unverified; empty for any other credential. */
function claimsOf(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** Show the only partition that the token's tenant may use. */
function showTenant() {
  const { tenantClaim, tenantPath } = element("key").dataset;
  if (tenantClaim === undefined) return;
  const claims = claimsOf(credential.value.trim());
  const nested = JSON.parse(tenantPath).reduce((value, part) => value?.[part], claims);
  const tenant = tenantClaim.startsWith("/") ? nested : (claims[tenantClaim] ?? nested);
  const [partition] = keys;
  const isKnown = ["string", "number"].includes(typeof tenant);
  if (isKnown && partition.value !== String(tenant)) {
    partition.value = tenant;
    setEtag(null);
  }
  partition.readOnly = isKnown;
  document.dispatchEvent(new Event("tenant"));
}

function setEtag(newEtag) {
  etag = newEtag;
  element("etag").textContent = etag ?? "none";
  element("url").textContent = `/${path()}`;
  element("save").disabled = element("delete").disabled = etag === null;
  showStored(null);
}

/** Show what is stored now next to the edits; null hides it. */
function showStored(item) {
  stored = item;
  element("stored").textContent = item?.text ?? "";
  element("conflict").hidden = item === null;
  if (item !== null) element("conflict").scrollIntoView({ block: "center" });
}

export function report(text, isSuccess) {
  outcome.textContent = text;
  outcome.className = isSuccess ? "success" : "failure";
}

/** The text of an error response, for people. */
export function problemText({ status, statusText, text }) {
  const problem = jsonOf(text);
  const errors = (problem.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
  return [`${status} ${problem.title ?? statusText}`, problem.detail, ...errors]
    .filter(Boolean)
    .join("\n");
}

/** Report an error response; after a 412, show the item that is stored now. */
function reportProblem(response) {
  const { errors = [] } = jsonOf(response.text);
  document.dispatchEvent(new CustomEvent("errors", { detail: errors }));
  const advice = [];
  if (response.status === 412) {
    // The member is absent if the item does not exist or the caller may not read it.
    const current = memberOf(tokensOf(response.text), "current");
    showStored(
      current.length ? { etag: response.headers.get("ETag"), text: indented(current) } : null,
    );
    advice.push(
      stored
        ? "Your edits are kept. Use the stored item, or overwrite it."
        : "The stored item is not the one shown here. Read it again to see its current state.",
    );
  }
  report([problemText(response), ...advice].join("\n"), false);
}

/** The parsed body of a problem; empty if a proxy has sent something else. */
function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Send one request. Return a response with its text; it fails if the body does not arrive. */
export async function exchange(url, options) {
  const response = await fetch(url, { cache: "no-store", ...options });
  const { ok, status, statusText, headers } = response;
  return { ok, status, statusText, headers, text: await response.text() };
}

/** Send one request for the item. Return a successful response; otherwise report the error. */
async function send(method, headers, content) {
  reading?.abort();
  if (keys.some(({ value }) => value === "." || value === "..")) {
    report("Browsers remove . and .. from URLs. Use the batch operations for this item.", false);
    return null;
  }
  const controller = new AbortController();
  if (method === "GET") reading = controller;
  try {
    const response = await exchange(path(), {
      method,
      body: content,
      headers: { Accept: chosen.value, Prefer: REPRESENTATION, ...credentialHeaders(), ...headers },
      signal: controller.signal,
    });
    if (response.ok) return response;
    reportProblem(response);
    if (response.status === 404) setEtag(null);
  } catch (error) {
    if (!controller.signal.aborted) report(`No response from the service: ${error.message}`, false);
  }
  return null;
}

/** Notify the rest of the page that the item is shown, and whether it was written. */
const announce = (isWritten) =>
  document.dispatchEvent(new CustomEvent("item", { detail: { isWritten } }));

/** Show the item of a response. What the user has typed since the request is kept. */
function show(response, sentence, requested) {
  // A caller that may only write gets no item.
  shown = response.text === "" ? requested : indented(tokensOf(response.text));
  if (entered() === requested) setText(shown);
  setEtag(response.headers.get("ETag"));
  report(`${response.status} ${sentence}`, true);
}

/** Read and show the item with the key in the key fields. */
async function read() {
  const requested = entered();
  const response = await send("GET", {});
  if (response === null || (entered() !== requested && !mayDiscardEdits())) return;
  show(response, "Read.", entered());
  announce(false);
}

/** Open an item of a list: its key goes to the key fields. Return whether the user agrees. */
export async function openItem(key) {
  await writing;
  if (!mayDiscardEdits()) return false;
  keys.forEach((input, index) => (input.value = key[index]));
  setText((shown = ""));
  setEtag(null);
  await read();
  return true;
}

async function put(precondition) {
  const incomplete = document.querySelector("#fields:not([hidden]) .control:invalid");
  if (incomplete !== null) return incomplete.reportValidity();
  const requested = body.value;
  const headers = { "Content-Type": chosen.value, ...precondition };
  const response = await send("PUT", headers, requested);
  if (response === null) return;
  show(response, response.status === 201 ? "Created." : "Saved.", requested);
  announce(true);
}

async function remove() {
  if (!confirm(`Delete the item /${path()}?`)) return;
  const response = await send("DELETE", { "If-Match": etag });
  if (!response) return;
  setEtag(null);
  // The text is now the only copy of the item, so it counts as edited.
  shown = "";
  report(`${response.status} Deleted. Create stores the item again.`, true);
  announce(true);
}

/** Run a write; until it has ended, no other item is opened. */
const write = (action) => (writing = action());

element("key").addEventListener("submit", (event) => {
  event.preventDefault();
  if (mayDiscardEdits()) read();
});
// The ETag belongs to one representation and one key, so a change of either needs a new read.
for (const form of forms) {
  form.addEventListener("change", () => {
    const isSameText = form.value === chosen.value; // fields and plain JSON show the same text
    const isAllowed = isSameText || mayDiscardEdits();
    // The fields can prevent it: not every text has fields, and not every field has its text yet.
    if (!isAllowed || !form.dispatchEvent(new Event("chosen", { cancelable: isSameText }))) {
      chosen.checked = true;
      return;
    }
    chosen = form;
    if (isSameText) return;
    // Text of one form must never be saved as the other, also if the read fails.
    setText((shown = ""));
    setEtag(null);
    if (element("key").checkValidity()) read();
  });
}
keys.forEach((input) => input.addEventListener("input", () => setEtag(null)));
credential?.addEventListener("input", showTenant);
element("sign-in")?.addEventListener("click", async ({ currentTarget }) => {
  try {
    credential.value = await signIn(currentTarget.dataset);
    showTenant();
    report("Signed in.", true);
  } catch (error) {
    report(`Not signed in: ${error.message}`, false);
  }
});
element("save").addEventListener("click", () => write(() => put({ "If-Match": etag })));
element("create").addEventListener("click", () => {
  if (element("key").reportValidity()) write(() => put({ "If-None-Match": "*" }));
});
element("delete").addEventListener("click", () => write(remove));
element("take").addEventListener("click", () => {
  if (!mayDiscardEdits()) return;
  setText((shown = stored.text));
  setEtag(stored.etag);
  report("The stored item is shown.", true);
});
element("overwrite").addEventListener("click", () =>
  write(() => put({ "If-Match": stored.etag })),
);
addEventListener("beforeunload", (event) => {
  if (isEdited()) event.preventDefault();
});
if (element("key").checkValidity()) read();
