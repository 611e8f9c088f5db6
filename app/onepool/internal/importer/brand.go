package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"google.golang.org/protobuf/encoding/protojson"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// Brand imports a whole brand from a folder: organisations.csv, stores.csv, staff.csv, products.csv, stock.csv,
// members.csv and the rebate policy in policy.json; price_lists.csv and prices.csv if they are there.
func Brand(ctx context.Context, c *client.Client, files fs.FS, folder string) ([]*Summary, error) {
	var all []*Summary
	for _, name := range Kinds() {
		open := func() (io.ReadCloser, error) { return files.Open(path.Join(folder, name+".csv")) }
		src := Source{Kind: name, Open: open}
		if _, err := fs.Stat(files, path.Join(folder, name+".csv")); errors.Is(err, fs.ErrNotExist) && kinds[name].optional {
			continue
		}
		sum, err := Run(ctx, c, src, nil)
		if err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, sum)
	}
	return all, policy(ctx, c, files, path.Join(folder, "policy.json"))
}

// policy puts the rebate policy in force; the same one again changes nothing.
func policy(ctx context.Context, c *client.Client, files fs.FS, name string) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	req := &rebatev1.PutPolicyRequest{}
	if err := protojson.Unmarshal(raw, req); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	hash := sha256.Sum256(raw)
	req.RequestId = "policy-" + hex.EncodeToString(hash[:16])
	return client.Patiently(ctx, func() error {
		_, err := c.Rebate().PutPolicy(ctx, req)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}
