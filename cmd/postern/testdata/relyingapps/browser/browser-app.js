// authority (the URL of Postern), client_id, and monitorSession, true for an app on the same site as Postern. The script of the library
// defines oidc.
const settings = await (await fetch("/settings.json")).json();

export const manager = new oidc.UserManager({
  ...settings,
  redirect_uri: `${location.origin}/`,
  silent_redirect_uri: `${location.origin}/silent.html`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: "openid profile email offline_access",
  loadUserInfo: true,
});
document.querySelector("#sign-in").onclick = () => manager.signinRedirect();
document.querySelector("#sign-out").onclick = () => manager.signoutRedirect();

const show = (user) => {
  document.querySelector("#person").textContent = user ? `Hello ${user.profile.name}` : "Nobody is signed in";
};
manager.events.addUserUnloaded(() => show(null));
manager.events.addUserSignedOut(() => manager.removeUser()); // in another tab or app of this browser

try {
  const answer = new URL(location.href).searchParams;
  const arrived = answer.has("code") || answer.has("error");
  show(await (arrived ? manager.signinCallback() : manager.getUser()));
} catch (error) {
  document.querySelector("#person").textContent = `Not signed in: ${error.message}`;
}
history.replaceState(null, "", "/"); // drop the code, which has been used
