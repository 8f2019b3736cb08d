const element = (id) => document.getElementById(id);
const [partition, sort, body, outcome] = ["partition", "sort", "body", "outcome"].map(element);

const forms = [...document.querySelectorAll("input[name=form]")];

let etag = null;
let shown = "";
let mediaType = forms.find(({ checked }) => checked).value;

const path = () =>
  `items/${encodeURIComponent(partition.value)}/${encodeURIComponent(sort.value)}`;

/** JSON with a line for each member. Read as text: a long number keeps every digit. */
function indented(json) {
  const tokens = json.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
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

function see(newEtag) {
  etag = newEtag;
  element("etag").textContent = etag ?? "none";
  element("url").textContent = `/${path()}`;
  element("save").disabled = element("delete").disabled = etag === null;
}

function say(text, isGood) {
  outcome.textContent = text;
  outcome.className = isGood ? "good" : "bad";
}

/** What an error answer says; a 412 in the words of this page. */
async function problemOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  const faults = (problem.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
  const advice =
    answer.status === 412 ? ["Someone else was faster. Read the item again to see what is there now."] : [];
  return [`${answer.status} ${problem.title ?? answer.statusText}`, problem.detail, ...faults, ...advice]
    .filter(Boolean)
    .join("\n");
}

/** One request; what came back is shown, and returned where it is no error. */
async function send(method, headers, content) {
  try {
    const answer = await fetch(path(), {
      method,
      body: content,
      headers: { Accept: mediaType, ...headers },
      cache: "no-store",
    });
    if (answer.ok) return answer;
    say(await problemOf(answer), false);
    if (answer.status === 404) see(null);
  } catch (error) {
    say(`The service did not answer: ${error.message}`, false);
  }
  return null;
}

async function show(answer, sentence) {
  body.value = shown = indented(await answer.text());
  see(answer.headers.get("ETag"));
  say(`${answer.status} ${sentence}`, true);
}

async function read() {
  const answer = await send("GET", {});
  if (answer) await show(answer, "Read.");
}

async function put(precondition) {
  const answer = await send("PUT", { "Content-Type": mediaType, ...precondition }, body.value);
  if (answer) await show(answer, answer.status === 201 ? "Created." : "Saved.");
}

async function remove() {
  const answer = await send("DELETE", { "If-Match": etag });
  if (!answer) return;
  shown = body.value;
  see(null);
  say(`${answer.status} Deleted. Create stores it anew.`, true);
}

element("key").addEventListener("submit", (event) => {
  event.preventDefault();
  read();
});
// An item's ETag is that of one form of it, and of one key.
for (const form of forms) {
  form.addEventListener("change", () => {
    if (body.value === shown) {
      mediaType = form.value;
      read();
    } else {
      forms.find(({ value }) => value === mediaType).checked = true;
      say("The other form is read anew: save your changes first, or drop them with Read.", false);
    }
  });
}
[partition, sort].forEach((input) => input.addEventListener("input", () => see(null)));
element("save").addEventListener("click", () => put({ "If-Match": etag }));
element("create").addEventListener("click", () => put({ "If-None-Match": "*" }));
element("delete").addEventListener("click", remove);
if (partition.value) read();
