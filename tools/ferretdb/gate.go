package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
)

// A gate lets one command through at a time, from its request to its reply: a command is then as atomic as a client of
// MongoDB may rely on for one document.
type gate struct {
	socket string
	one    sync.Mutex
}

func newGate(socket string) *gate { return &gate{socket: socket} }

func (g *gate) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed
		}
		go g.pass(client)
	}
}

func (g *gate) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", g.socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		reply, err := g.exchange(server, request)
		if err != nil {
			return
		}
		if reply == nil {
			continue
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

func (g *gate) exchange(server net.Conn, request []byte) ([]byte, error) {
	g.one.Lock()
	defer g.one.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if !isAnswered(request) {
		return nil, nil
	}
	return readMessage(server)
}

// The header of each message of the protocol: its whole length, its number, what it answers, and its kind; 4 bytes each,
// little-endian.
const (
	headerBytes      = 16
	mostMessageBytes = 48_000_000 // MongoDB's own limit
	kindMessage      = 2013       // OP_MSG, whose flags follow the header
	flagMoreToCome   = 1 << 1     // the sender expects no answer
)

func readMessage(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size < headerBytes || size > mostMessageBytes {
		return nil, errors.New("a message of an impossible length")
	}
	message := make([]byte, size)
	copy(message, length[:])
	_, err := io.ReadFull(from, message[len(length):])
	return message, err
}

func isAnswered(request []byte) bool {
	if binary.LittleEndian.Uint32(request[12:]) != kindMessage || len(request) < headerBytes+4 {
		return true
	}
	return binary.LittleEndian.Uint32(request[headerBytes:])&flagMoreToCome == 0
}
