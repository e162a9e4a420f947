// A server that speaks MongoDB's protocol, for tests: FerretDB 1 with its SQLite backend, both in pure Go, in this
// process. It listens on a loopback port, prints "Listening on mongodb://127.0.0.1:PORT/" once it answers, and ends
// with SIGTERM or Ctrl-C; its data are in a directory that goes with it.
//
//	ferretdb [-port 0] [-directory DIR]
//
// Between clients and FerretDB stands a gate (gate.go), because FerretDB 1 reads a document, changes it and writes it
// back in three steps: two conditional updates at once would both succeed, which no MongoDB does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("ferretdb: ")
	port := flag.Int("port", 0, "the loopback port; 0 picks a free one")
	directory := flag.String("directory", "", "where the data are kept; without it, in a temporary directory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *port, *directory); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, port int, directory string) error {
	temporary, err := os.MkdirTemp("", "ferretdb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if directory == "" {
		directory = temporary
	} else if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}

	socket := filepath.Join(temporary, "ferretdb.sock")
	database, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handler:  "sqlite",
		// Nothing here outlives a test: no write waits for the disk.
		SQLiteURL: "file:" + directory + "/?_pragma=synchronous(off)&_pragma=busy_timeout(10000)",
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- database.Run(ctx) }()
	if err := await(ctx, socket); err != nil {
		return err
	}
	go newGate(socket).serve(listener)
	fmt.Printf("Listening on mongodb://%s/\n", listener.Addr())
	<-ctx.Done()
	listener.Close()
	return <-ended
}

// Until the socket takes connections.
func await(ctx context.Context, socket string) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("FerretDB did not start: %w", err)
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}
