// The issuer redirects to this page. The page that opened it exchanges the code for a token.
const parameters = Object.fromEntries(new URLSearchParams(location.search));
history.replaceState(null, "", location.pathname); // keep the code out of the history
new BroadcastChannel("items-sign-in").postMessage(parameters);
close();
