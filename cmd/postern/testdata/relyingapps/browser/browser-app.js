// The address of Postern and the id that registering the app printed. The script of the library defines oidc.
const { authority, client_id } = await (await fetch("/settings.json")).json();

export const manager = new oidc.UserManager({
  authority,
  client_id,
  redirect_uri: `${location.origin}/`,
  silent_redirect_uri: `${location.origin}/silent.html`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: "openid profile email offline_access",
  loadUserInfo: true,
});
document.querySelector("#sign-in").onclick = () => manager.signinRedirect();
document.querySelector("#sign-out").onclick = () => manager.signoutRedirect();

const show = (text) => { document.querySelector("#person").textContent = text; };
try {
  const answer = new URL(location.href).searchParams;
  const arrived = answer.has("code") || answer.has("error");
  const user = await (arrived ? manager.signinCallback() : manager.getUser());
  show(user ? `Hello ${user.profile.name}` : "Nobody is signed in");
} catch (error) {
  show(`Not signed in: ${error.message}`);
}
history.replaceState(null, "", "/"); // without the code, which is of no more use
