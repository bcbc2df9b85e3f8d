package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// longestSocket is the longest path of a Unix socket on every system we run on.
const longestSocket = 103

// A controlSocket is removed when it is closed.
type controlSocket struct {
	*net.UnixListener
	remove func() error
}

func (s *controlSocket) Close() error {
	err := s.UnixListener.Close()
	if removed := s.remove(); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// listenControl opens the socket on which the command line speaks to this gateway; its user alone may. What a gateway that
// is gone has left there is replaced.
func listenControl(path string) (net.Listener, error) {
	if len(path) > longestSocket {
		return nil, fmt.Errorf("control socket: the path %s has %d bytes, %d is the most; give data a shorter path", path, len(path), longestSocket)
	}
	if conn, err := net.DialTimeout("unix", path, controlPatience); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("control socket: another gateway answers at %s; end it, or give this one another data directory", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("control socket: %s is no socket; move it away", path)
	}
	listener, err := listenPrivately(path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return &controlSocket{listener, sync.OnceValue(func() error { return os.Remove(path) })}, nil
}

// listenPrivately makes the socket where nobody else comes, and moves it to its path with its mode set: a socket's mode
// when it is bound is up to the umask, and that is the whole process's.
func listenPrivately(path string) (*net.UnixListener, error) {
	room := filepath.Join(filepath.Dir(path), ".control")
	if err := os.RemoveAll(room); err != nil { // a gateway was killed just here
		return nil, err
	}
	if err := os.Mkdir(room, 0o700); err != nil {
		return nil, err
	}
	defer os.RemoveAll(room)
	born := filepath.Join(room, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: born})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(born, 0o600), os.Rename(born, path)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}
