// Package config reads the settings of Postern into one documented struct and reports every mistake at once. It owns
// the names, the defaults, the allowed values and the documentation of the settings; what a setting does belongs to
// the package that is given it. It imports no other package of ours, starts nothing and changes nothing on disk.
//
// # Precedence
//
// Load takes each setting from the strongest source that gives it:
//
//  1. a flag on the command line;
//  2. the environment: session.idle is POSTERN_SESSION_IDLE, and a secret can also stand in a file whose path is
//     given by POSTERN_DATABASE_URL_FILE;
//  3. the YAML file: idle below session, or session.idle in one line;
//  4. the default.
//
// A value has the same form in all of them; a list in a variable or a flag has commas. An empty variable is a value.
// A value that a stronger source replaces is still checked for its form.
//
// # Mistakes
//
// Every error of Load and Validate is a Problems: unknown keys and variables with the nearest known one, values that
// cannot be read, and values that do not fit together, each with the place it came from and a hint.
//
// # Secrets
//
// A Secret is "•••" in logs, in JSON, in YAML and in formatted text. No problem quotes one.
package config
