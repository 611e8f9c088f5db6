-- Modify "supply_entries" table
ALTER TABLE `supply_entries` DROP INDEX `supply_document_line_id_org`, ADD UNIQUE INDEX `supply_document_line_id_sku_org` (`document`, `line_id`, `sku`, `org`);
