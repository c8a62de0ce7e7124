// Package config reads the settings of Postern into one documented struct and reports all mistakes at once. It has the
// names, the defaults, the allowed values and the documentation of the settings. What a setting does is up to the
// package that gets it. Package config imports no other package of Postern, starts nothing and changes no file.
//
// # Precedence
//
// [Load] takes each setting from the first of these sources that has it:
//
//  1. a flag on the command line;
//  2. the environment: session.idle is POSTERN_SESSION_IDLE, and a secret can also stand in a file whose path is
//     given by POSTERN_DATABASE_URL_FILE;
//  3. the YAML file: idle below session, or session.idle in one line;
//  4. the default.
//
// A value has the same form in all sources, except that the items of a list in a variable or a flag are separated by
// commas. An empty variable is a value. The form of a value is checked even if another source takes precedence.
//
// # Mistakes
//
// Every error of [Load] and [Config.Validate] is a [Problems], which lists unknown keys and variables with the most
// similar known one, values that cannot be read, and values that contradict each other, each with the place where it
// was found and a hint.
//
// # Secrets
//
// A [Secret] is "•••" in logs, JSON, YAML and formatted text. No problem quotes a secret.
package config
