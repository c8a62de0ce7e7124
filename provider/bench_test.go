package provider

import (
	"net/http"
	"testing"

	"github.com/postern-id/postern/storage/storagetest"
)

// eachBench runs a benchmark on a world on every database. It measures the handlers alone, without a network or other load.
func eachBench(b *testing.B, run func(*testing.B, *world)) {
	for name, open := range map[string]func(testing.TB) *storagetest.Database{"sqlite": storagetest.SQLite, "postgres": storagetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b).Open(b))
			b.ReportAllocs()
			run(b, w)
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	eachBench(b, func(b *testing.B, w *world) {
		token := w.offline()["refresh_token"].(string)
		for b.Loop() {
			a := w.refresh(token)
			if a.Code != http.StatusOK {
				b.Fatal(a.Body)
			}
			token = a.body["refresh_token"].(string)
		}
	})
}

func BenchmarkCodeFlow(b *testing.B) {
	eachBench(b, func(b *testing.B, w *world) {
		for b.Loop() {
			if a := w.redeem(w.code(w.web)); a.Code != http.StatusOK {
				b.Fatal(a.Body)
			}
		}
	})
}

func BenchmarkUserinfo(b *testing.B) {
	eachBench(b, func(b *testing.B, w *world) {
		token := w.offline()["access_token"].(string)
		for b.Loop() {
			if a := w.userinfo(token); a.Code != http.StatusOK {
				b.Fatal(a.Body)
			}
		}
	})
}
