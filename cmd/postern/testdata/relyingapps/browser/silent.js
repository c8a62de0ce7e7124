new oidc.UserManager({}).signinSilentCallback(); // hands the answer to the page around this frame
