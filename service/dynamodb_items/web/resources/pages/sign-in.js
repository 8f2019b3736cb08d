/**
 * Sign-in at an OpenID Connect issuer: the authorization code flow with PKCE, in a second window.
 *
 * So the page with its edits stays open, and nothing is stored: the verifier, the state and the
 * token exist in this page's memory only.
 *
 * https://www.rfc-editor.org/rfc/rfc7636
 */

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

let waiting = null;

/** Wait for the parameters with which the issuer redirects; a later sign-in ends this one. */
function redirected(state) {
  waiting?.close();
  const channel = (waiting = new BroadcastChannel("items-sign-in"));
  return new Promise((resolve) => {
    channel.addEventListener("message", ({ data }) => {
      if (data.state !== state) return; // of another page
      channel.close();
      resolve(data);
    });
  });
}

/** Let the user sign in, and return an access token. The options come from the service. */
export async function signIn({ issuer, authorization, token, client, scope, parameters }) {
  // Opened at once: after waiting, a browser would block it.
  const window_ = open("", "_blank", "popup,width=520,height=720");
  if (window_ === null) throw new Error("The browser has blocked the window for the sign-in.");
  const [state, verifier] = [random(), random()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const redirect = new URL("pages/signed-in.html", location.href).href.replace(/[?#].*$/, "");
  const url = new URL(authorization);
  const query = {
    ...Object.fromEntries(new URLSearchParams(parameters)),
    response_type: "code",
    client_id: client,
    redirect_uri: redirect,
    scope,
    state,
    code_challenge: base64url(digest),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const returned = redirected(state);
  window_.location.replace(url);
  const { code, error, error_description: description, iss } = await returned;
  if (error !== undefined) throw new Error(description ?? error);
  // https://www.rfc-editor.org/rfc/rfc9207#section-2.4
  if (iss !== undefined && iss !== issuer) throw new Error("The response is of another issuer.");
  const response = await fetch(token, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirect,
      client_id: client,
      code_verifier: verifier,
    }),
    credentials: "omit",
    cache: "no-store",
  });
  const content = await response.json().catch(() => ({}));
  if (!response.ok || typeof content.access_token !== "string") {
    throw new Error(content.error_description ?? content.error ?? `status ${response.status}`);
  }
  return content.access_token;
}
