package main

import (
	"crypto/x509"

	"readback/config"
	"readback/sip"
)

// pemFiles reads the certificates that a configuration names, and collects what is wrong with them.
type pemFiles struct {
	config   *config.Config
	problems config.Problems
}

func (f *pemFiles) wrong(path string, err error, fix string) {
	f.problems = append(f.problems, f.config.Problem(path, err.Error(), fix))
}

// err is what was wrong, in all files.
func (f *pemFiles) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return f.problems
}

// authorities are those of a file; nil, which is the machine's, without one.
func (f *pemFiles) authorities(path string, file config.Path) *x509.CertPool {
	if file == "" {
		return nil
	}
	pool, err := sip.LoadAuthorities(string(file))
	if err != nil {
		f.wrong(path, err, "give the authorities' certificates in PEM, one after the other")
	}
	return pool
}

func (f *pemFiles) certificates(path string, list ...config.Certificate) *sip.Certificates {
	if len(list) == 0 {
		return nil
	}
	var files []sip.CertificateFiles
	for _, c := range list {
		files = append(files, sip.CertificateFiles{Certificate: string(c.Certificate), Key: string(c.Key)})
	}
	loaded, err := sip.LoadCertificates(files...)
	if err != nil {
		f.wrong(path, err, "give a certificate and the key that belongs to it, both in PEM")
	}
	return loaded
}
