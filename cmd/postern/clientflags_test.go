package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

const oneKey = `{"keys":[{"kty":"EC","crv":"P-256","kid":"first","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`

// postern client show has a line for everything that can be registered.
func TestEveryMemberIsShown(t *testing.T) {
	var m client.Metadata
	fields := reflect.ValueOf(&m).Elem()
	want := map[string]string{}
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("json")
		want[name] = "value-of-" + name
		switch field := fields.Field(i); field.Interface().(type) {
		case bool:
			field.SetBool(true)
			want[name] = "yes"
		case *int64:
			number := int64(4711)
			field.Set(reflect.ValueOf(&number))
			want[name] = "4711"
		case json.RawMessage:
			field.SetBytes([]byte(oneKey))
			want[name] = "first"
		case []string, client.Scopes:
			field.Set(reflect.ValueOf([]string{want[name], "another"}).Convert(field.Type()))
		default:
			field.SetString(want[name])
		}
	}
	shown := map[string]string{}
	for _, row := range clientLines(&client.Client{Metadata: m}) {
		require.NotContains(t, shown, row[0], "two lines have one label")
		shown[row[0]] = strings.Join(row[1:], " ")
	}
	for _, member := range client.Members() {
		if len(member.Choices) == 2 && want[member.Name] == "yes" {
			want[member.Name] = member.Choices[1]
		}
		require.Contains(t, shown[member.Label], want[member.Name], member.Name)
		delete(want, member.Name)
	}
	require.Empty(t, want, "members that the table lacks")
}

// Every flag changes its member and nothing else.
func TestEveryFlagArrives(t *testing.T) {
	for _, member := range client.Members() {
		if member.Flag == "" || member.File {
			continue
		}
		value := map[string]string{"number": "12", "true or false": "true"}[member.Kind()]
		if value == "" {
			value = "com.example:/x"
		}
		if len(member.Choices) > 0 {
			value = member.Choices[len(member.Choices)-1]
			if slices.Contains(member.Values(client.Defaults(client.Web)), value) {
				value = member.Choices[0]
			}
		}
		t.Run(member.Flag, func(t *testing.T) {
			cmd, flags := &cobra.Command{}, &clientFlags{}
			flags.register(cmd, false)
			require.NoError(t, cmd.ParseFlags([]string{"--" + member.Flag + "=" + value}))
			before := client.Defaults(client.Web)
			require.NotEqual(t, []string{value}, member.Values(before))
			m := before
			require.NoError(t, flags.apply(cmd, &m))
			if !member.Switch() {
				require.Equal(t, []string{value}, member.Values(m))
			}
			changed, err := m.Differences(before)
			require.NoError(t, err)
			if member.Flag == "grant-type" {
				changed = changed[:1] // the client has no redirects through a browser, so response_types is empty
			}
			require.Equal(t, []string{member.Name}, changed)
		})
	}
}

// Entries of every list are added and removed one by one.
func TestEveryListIsChangedByEntries(t *testing.T) {
	for _, member := range client.Members() {
		if !member.List() {
			continue
		}
		a, b, c := "https://a.example/", "https://b.example/", "https://c.example/"
		if len(member.Choices) > 2 {
			a, b, c = member.Choices[0], member.Choices[1], member.Choices[2]
		}
		t.Run(member.Flag, func(t *testing.T) {
			m := client.Defaults(client.Web)
			member.Set(&m, []string{a, b})
			shared := m
			parse := func(args ...string) error {
				cmd, flags := &cobra.Command{}, &clientFlags{}
				flags.register(cmd, true)
				require.NoError(t, cmd.ParseFlags(args))
				return flags.apply(cmd, &m)
			}
			require.NoError(t, parse("--add-"+member.Flag, c, "--add-"+member.Flag, b, "--remove-"+member.Flag, a))
			require.Equal(t, []string{b, c}, member.Values(m))
			require.Equal(t, []string{a, b}, member.Values(shared), "the client that other requests use was changed")
			require.ErrorContains(t, parse("--remove-"+member.Flag, a), "--remove-"+member.Flag+": \""+a+"\" is not registered")
		})
	}
}
