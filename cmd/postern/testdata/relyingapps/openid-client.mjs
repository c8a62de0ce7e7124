// An app on a server that uses openid-client. It says each step in a line of JSON; where a person has to do something, it waits for the
// line that says what came of it.
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as client from "openid-client";
import { begin, config, finish } from "./server-app.mjs";

const lines = createInterface({ input: process.stdin });
const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }));

async function ask(step, facts) {
  const answered = once(lines, "line");
  say(step, facts);
  return (await answered)[0];
}

// A client that others registered with the same issuer.
function another(id, authentication, alg = "RS256") {
  const it = new client.Configuration(config.serverMetadata(), id, { id_token_signed_response_alg: alg }, authentication);
  client.enableNonRepudiationChecks(it);
  client.allowInsecureRequests(it);
  return it;
}

async function codeFlow() {
  say("discovery", { issuer: config.serverMetadata().issuer });
  const { address, checks } = await begin();
  const { tokens, person } = await finish(await ask("sign in", { address }), checks);
  say("code", { type: tokens.token_type, claims: tokens.claims(), person });

  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  say("refresh", {
    rotated: fresh.refresh_token !== tokens.refresh_token,
    renewed: fresh.access_token !== tokens.access_token,
    subject: fresh.claims().sub,
  });
  say("introspection", await client.tokenIntrospection(config, fresh.access_token));
  await client.tokenRevocation(config, fresh.refresh_token);
  say("revocation", { active: (await client.tokenIntrospection(config, fresh.access_token)).active });
  const refused = await client.refreshTokenGrant(config, fresh.refresh_token).catch((e) => e);
  say("refresh after revocation", { error: refused.error });
  return tokens.id_token;
}

// pushedFlow proves the client by a key, and the tokens by another one.
async function pushedFlow() {
  const key = await crypto.subtle.importKey("jwk", JSON.parse(process.env.PROVEN_KEY), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const proven = another(process.env.PROVEN_ID, client.PrivateKeyJwt({ key, kid: "1" }), "ES256");
  const bound = { DPoP: client.getDPoPHandle(proven, await client.randomDPoPKeyPair("ES256")) };
  const refusals = [];
  proven[client.customFetch] = async (address, options) => {
    const answer = await fetch(address, options);
    if (!answer.ok) {
      refusals.push(`${new URL(address).pathname} ${(await answer.clone().json()).error}`);
    }
    return answer;
  };
  const unpushed = client.buildAuthorizationUrl(proven, { redirect_uri: process.env.REDIRECT_URI, scope: "openid" });
  say("request in the address", { answer: Object.fromEntries(new URL(await ask("refused", { address: unpushed })).searchParams) });

  const verifier = client.randomPKCECodeVerifier();
  const address = await client.buildAuthorizationUrlWithPAR(proven, {
    redirect_uri: process.env.REDIRECT_URI,
    scope: "openid email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }, bound);
  say("pushed", { parameters: [...address.searchParams.keys()], refusals: refusals.splice(0) });
  const arrived = new URL(await ask("consent", { address }));
  const tokens = await client.authorizationCodeGrant(proven, arrived, { pkceCodeVerifier: verifier }, undefined, bound);
  const fresh = await client.refreshTokenGrant(proven, tokens.refresh_token, undefined, bound);
  const person = await client.fetchUserInfo(proven, fresh.access_token, tokens.claims().sub, bound);
  const about = await client.tokenIntrospection(proven, fresh.access_token);
  say("bound", { types: [tokens.token_type, fresh.token_type, about.token_type], thumbprint: about.cnf?.jkt, person, refusals: refusals.splice(0) });
  const stolen = await client.fetchUserInfo(proven, fresh.access_token, tokens.claims().sub).catch((e) => e);
  say("without the key", { status: stolen.cause[0].parameters.error });
}

// deviceFlow polls at once instead of after the seconds that the library waits for, so that it is told to slow down.
async function deviceFlow() {
  const device = another(process.env.DEVICE_ID, client.None());
  const asked = await client.initiateDeviceAuthorization(device, { scope: "openid email" });
  const heard = [];
  device[client.customFetch] = async (address, options) => {
    const answer = await fetch(address, options);
    if (options.method === "POST") { // not the keys
      heard.push(answer.ok ? "tokens" : (await answer.clone().json()).error);
    }
    if (heard.at(-1) === "slow_down") {
      await ask("device", { address: asked.verification_uri_complete, code: asked.user_code });
    }
    return answer;
  };
  const realTimeout = globalThis.setTimeout;
  let waited = 0;
  globalThis.setTimeout = (then, milliseconds, ...rest) => {
    const polling = milliseconds === 5000; // fetch sets timers, too, of other lengths
    waited += polling ? 5 : 0;
    return realTimeout(then, polling ? 0 : milliseconds, ...rest);
  };
  const tokens = await client.pollDeviceAuthorizationGrant(device, asked);
  globalThis.setTimeout = realTimeout;
  say("polled", { heard, waited });
  say("device's person", { person: await client.fetchUserInfo(device, tokens.access_token, tokens.claims().sub) });
}

const idToken = await codeFlow();
await pushedFlow();
await deviceFlow();
const end = client.buildEndSessionUrl(config, {
  id_token_hint: idToken,
  post_logout_redirect_uri: process.env.REDIRECT_URI,
  state: "after",
});
say("end", { arrived: await ask("sign out", { address: end }) });
lines.close();
