package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// oldest is the first major version the store supports.
const oldest = 15

type programs struct{ initdb, postgres string }

// findPrograms looks in PATH and where Debian keeps the servers, and takes the latest version.
func findPrograms() (programs, error) {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	dirs = append(dirs, debian...)
	var best programs
	version := oldest - 1
	for _, dir := range slices.Compact(dirs) {
		p := programs{initdb: filepath.Join(dir, "initdb"), postgres: filepath.Join(dir, "postgres")}
		if found := majorVersion(p.postgres); found > version && isProgram(p.initdb) {
			best, version = p, found
		}
	}
	if best.postgres == "" {
		return programs{}, fmt.Errorf("no PostgreSQL server of version %d or later in PATH or /usr/lib/postgresql; install it with: %s", oldest, Install)
	}
	return best, nil
}

func isProgram(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// majorVersion is 0 for what is not a PostgreSQL server.
func majorVersion(postgres string) int {
	if !isProgram(postgres) {
		return 0
	}
	output, err := exec.Command(postgres, "--version").Output() // "postgres (PostgreSQL) 15.18 (Debian …)"
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(output), "(PostgreSQL) ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return 0
	}
	major, _ := strconv.Atoi(rest[:end])
	return major
}

// identity is the user the server runs as: it refuses to be root.
type identity struct {
	uid, gid uint32
	other    bool // than this process
}

func serverIdentity() (identity, error) {
	if os.Geteuid() != 0 {
		return identity{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return identity{uid: uint32(uid), gid: uint32(gid), other: true}, nil
		}
	}
	return identity{}, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody; make one with: useradd --system postgres")
}

func (i identity) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C in the terminal is for the test, which then stops the server
	if i.other {
		attributes.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid}
	}
	return attributes
}

// prefix begins the name of every data directory; the process that owns it follows.
const prefix = "readback-pg-"

// makeDir makes a directory that belongs to the server's user and whose parents it may pass. The path is short: a socket lies in it.
func makeDir(ids identity) (string, error) {
	parent := os.TempDir()
	if ids.other {
		parent = "/tmp" // $TMPDIR of root may be closed to others
	}
	dir, err := os.MkdirTemp(parent, prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return "", fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	if ids.other {
		err = os.Chown(dir, int(ids.uid), int(ids.gid))
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("give %s to the server's user: %w", dir, err), os.RemoveAll(dir))
	}
	return dir, nil
}

// sweep removes directories whose process is gone: it was killed before it could.
func sweep() {
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dirs, _ := filepath.Glob(filepath.Join(parent, prefix+"*-*"))
		for _, dir := range dirs {
			owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
			pid, err := strconv.Atoi(owner)
			if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				_ = os.RemoveAll(dir)
			}
		}
	}
}
