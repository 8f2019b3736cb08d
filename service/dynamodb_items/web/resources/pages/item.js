import { signIn } from "./sign-in.js";

const element = (id) => document.getElementById(id);
const [body, outcome] = ["body", "outcome"].map(element);
const keys = [...document.querySelectorAll("input[name=key]")]; // one for each key attribute
const credential = element("credential"); // null without authentication

const forms = [...document.querySelectorAll("input[name=form]")];

const REPRESENTATION = "return=representation"; // a 412 then contains the stored item

let etag = null;
let shown = "";
let stored = null; // after a 412, what is stored now: its ETag and its text
let mediaType = forms.find(({ checked }) => checked).value;

const path = () => ["items", ...keys.map(({ value }) => encodeURIComponent(value))].join("/");

const isEdited = () => body.value !== shown;

/** Whether the edits in the text field may be replaced: nothing is edited, or the user agrees. */
const mayDiscardEdits = () =>
  !isEdited() || confirm("Discard your edits? They are not saved.");

/** The headers of the bearer token or API key, which is stored nowhere but in its field. */
const credentialHeaders = () =>
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
}

/** The tokens of a JSON text. Working on the text keeps every digit of a long number. */
const tokensOf = (json) => json.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];

/** The tokens of a member's value in a JSON object; none if the object has no such member. */
function memberOf(tokens, name) {
  let depth = 0;
  const nest = (token) => (depth += "{[".includes(token) ? 1 : "}]".includes(token) ? -1 : 0);
  const start = tokens.findIndex(
    (token, index) => nest(token) === 1 && token === `"${name}"` && tokens[index + 1] === ":",
  );
  if (start === -1) return [];
  depth = 0;
  const value = tokens.slice(start + 2);
  return value.slice(0, value.findIndex((token) => nest(token) === 0) + 1);
}

/** JSON with one member per line. */
function indented(tokens) {
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

function report(text, isSuccess) {
  outcome.textContent = text;
  outcome.className = isSuccess ? "success" : "failure";
}

/** Report an error response; after a 412, show the item that is stored now. */
async function reportProblem(response) {
  const text = await response.text();
  const problem = jsonOf(text);
  const errors = (problem.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
  const advice = [];
  if (response.status === 412) {
    // The member is absent if the item does not exist or the caller may not read it.
    const current = memberOf(tokensOf(text), "current");
    showStored(
      current.length ? { etag: response.headers.get("ETag"), text: indented(current) } : null,
    );
    advice.push(
      stored
        ? "Your edits are kept. Use the stored item, or overwrite it."
        : "The stored item is not the one shown here. Read it again to see its current state.",
    );
  }
  report(
    [`${response.status} ${problem.title ?? response.statusText}`, problem.detail, ...errors, ...advice]
      .filter(Boolean)
      .join("\n"),
    false,
  );
}

/** The parsed body of a problem; empty if a proxy has sent something else. */
function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Send one request. Return a successful response; otherwise report the error and return null. */
async function send(method, headers, content) {
  try {
    const response = await fetch(path(), {
      method,
      body: content,
      headers: { Accept: mediaType, Prefer: REPRESENTATION, ...credentialHeaders(), ...headers },
      cache: "no-store",
    });
    if (response.ok) return response;
    await reportProblem(response);
    if (response.status === 404) setEtag(null);
  } catch (error) {
    report(`No response from the service: ${error.message}`, false);
  }
  return null;
}

async function show(response, sentence) {
  const content = await response.text();
  // A caller that may only write gets none.
  if (content !== "") body.value = indented(tokensOf(content));
  shown = body.value;
  setEtag(response.headers.get("ETag"));
  report(`${response.status} ${sentence}`, true);
}

async function read() {
  const response = await send("GET", {});
  if (response) await show(response, "Read.");
}

async function put(precondition) {
  const response = await send("PUT", { "Content-Type": mediaType, ...precondition }, body.value);
  if (response) await show(response, response.status === 201 ? "Created." : "Saved.");
}

async function remove() {
  if (!confirm(`Delete the item /${path()}?`)) return;
  const response = await send("DELETE", { "If-Match": etag });
  if (!response) return;
  setEtag(null);
  // The text is now the only copy of the item, so it counts as edited.
  shown = "";
  report(`${response.status} Deleted. Create stores the item again.`, true);
}

element("key").addEventListener("submit", (event) => {
  event.preventDefault();
  if (mayDiscardEdits()) read();
});
// The ETag belongs to one representation and one key, so a change of either needs a new read.
for (const form of forms) {
  form.addEventListener("change", () => {
    if (mayDiscardEdits()) {
      mediaType = form.value;
      if (element("key").checkValidity()) read();
    } else {
      forms.find(({ value }) => value === mediaType).checked = true;
    }
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
element("save").addEventListener("click", () => put({ "If-Match": etag }));
element("create").addEventListener("click", () => {
  if (element("key").reportValidity()) put({ "If-None-Match": "*" });
});
element("delete").addEventListener("click", remove);
element("take").addEventListener("click", () => {
  if (!mayDiscardEdits()) return;
  body.value = shown = stored.text;
  setEtag(stored.etag);
  report("The stored item is shown.", true);
});
element("overwrite").addEventListener("click", () => put({ "If-Match": stored.etag }));
addEventListener("beforeunload", (event) => {
  if (isEdited()) event.preventDefault();
});
if (element("key").checkValidity()) read();
