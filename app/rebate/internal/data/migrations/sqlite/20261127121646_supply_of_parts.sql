-- Drop index "supply_document_line_id_org" from table: "supply_entries"
DROP INDEX `supply_document_line_id_org`;
-- Create index "supply_document_line_id_sku_org" to table: "supply_entries"
CREATE UNIQUE INDEX `supply_document_line_id_sku_org` ON `supply_entries` (`document`, `line_id`, `sku`, `org`);
