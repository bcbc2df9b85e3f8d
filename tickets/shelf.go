package tickets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A FileShelf keeps leased serials in a file of the node, at this path. It is replaced atomically and synced. Two gateways
// must not share one.
type FileShelf string

// Load reads the file.
func (f FileShelf) Load() (Stock, error) {
	file, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return Stock{}, nil
	}
	if err != nil {
		return Stock{}, fmt.Errorf("read leased ticket numbers: %w", err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxStockFile))
	if err != nil {
		return Stock{}, fmt.Errorf("read leased ticket numbers: %w", err)
	}
	var stock Stock
	if err := json.Unmarshal(data, &stock); err != nil || !stock.sane() {
		return Stock{}, fmt.Errorf("leased ticket numbers in %s: %w: the file is damaged; remove it, the numbers in it go unused",
			string(f), ErrInvalid)
	}
	return stock, nil
}

// Save replaces the file.
func (f FileShelf) Save(stock Stock) error {
	data, err := json.Marshal(stock)
	if err != nil {
		return err
	}
	return replaceFile(string(f), append(data, '\n'))
}

func (s Stock) sane() bool {
	if len(s.Spans) > maxLeases {
		return false
	}
	for _, span := range s.Spans {
		if span.Next < 0 || span.End < span.Next || span.End > MaxSerials {
			return false
		}
	}
	return true
}
