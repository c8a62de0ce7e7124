import * as client from "openid-client";

const issuer = new URL(process.env.ISSUER);
const authentication = client.ClientSecretBasic(process.env.CLIENT_SECRET);
const execute = [client.enableNonRepudiationChecks]; // verifies signatures
if (issuer.protocol === "http:") {
  execute.push(client.allowInsecureRequests); // on this machine alone
}
export const config = await client.discovery(issuer, process.env.CLIENT_ID, undefined, authentication, { execute });

// Returns the URL to send the browser to, and the values to keep in its session until it comes back.
export async function begin() {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: process.env.REDIRECT_URI,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  return { address, checks };
}

// Redeems the code in the URL to which the browser came back. The library checks state, iss, nonce and the ID token.
export async function finish(address, checks) {
  const tokens = await client.authorizationCodeGrant(config, new URL(address), checks);
  const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  return { tokens, person };
}
