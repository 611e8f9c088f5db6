-- Create "rebate_accruals" table
CREATE TABLE `rebate_accruals` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `line_id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `policy_code` text NOT NULL, `policy_version` integer NOT NULL, `rate_bp` integer NOT NULL, `role` text NOT NULL, `payee` text NOT NULL, `reason` text NOT NULL DEFAULT (''), `seller_org` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `base_minor` integer NOT NULL, `accrued_minor` integer NOT NULL, `clawed_back_minor` integer NOT NULL DEFAULT (0), `settled_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `earned` bool NOT NULL DEFAULT (false), `accrued_at_us` integer NOT NULL, `earned_at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "accrual_order_id_line_id_policy_code_policy_version_payee_role" to table: "rebate_accruals"
CREATE UNIQUE INDEX `accrual_order_id_line_id_policy_code_policy_version_payee_role` ON `rebate_accruals` (`order_id`, `line_id`, `policy_code`, `policy_version`, `payee`, `role`);
-- Create index "accrual_payee_id" to table: "rebate_accruals"
CREATE INDEX `accrual_payee_id` ON `rebate_accruals` (`payee`, `id`);
-- Create "rebate_entries" table
CREATE TABLE `rebate_entries` (`id` text NOT NULL, `org` text NOT NULL, `accrual_id` text NOT NULL, `kind` text NOT NULL, `cause` text NOT NULL DEFAULT (''), `payee` text NOT NULL, `role` text NOT NULL, `currency` text NOT NULL DEFAULT (''), `order_id` text NOT NULL, `line_id` text NOT NULL, `amount_minor` integer NOT NULL, `payable_minor` integer NOT NULL, `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "entry_accrual_id_kind_cause" to table: "rebate_entries"
CREATE UNIQUE INDEX `entry_accrual_id_kind_cause` ON `rebate_entries` (`accrual_id`, `kind`, `cause`);
-- Create index "entry_at_us" to table: "rebate_entries"
CREATE INDEX `entry_at_us` ON `rebate_entries` (`at_us`);
-- Create "journal_entries" table
CREATE TABLE `journal_entries` (`id` text NOT NULL, `org` text NOT NULL, `kind` text NOT NULL, `source` text NOT NULL, `order_id` text NOT NULL, `currency` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "journalentry_source" to table: "journal_entries"
CREATE UNIQUE INDEX `journalentry_source` ON `journal_entries` (`source`);
-- Create index "journalentry_order_id" to table: "journal_entries"
CREATE INDEX `journalentry_order_id` ON `journal_entries` (`order_id`);
-- Create "rebate_orders" table
CREATE TABLE `rebate_orders` (`id` text NOT NULL, `org` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `paid_at_us` integer NOT NULL, `accrued_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "rebate_periods" table
CREATE TABLE `rebate_periods` (`id` text NOT NULL, `start_us` integer NOT NULL, `end_us` integer NOT NULL, `closed_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "period_start_us" to table: "rebate_periods"
CREATE UNIQUE INDEX `period_start_us` ON `rebate_periods` (`start_us`);
-- Create index "period_end_us" to table: "rebate_periods"
CREATE UNIQUE INDEX `period_end_us` ON `rebate_periods` (`end_us`);
-- Create "journal_postings" table
CREATE TABLE `journal_postings` (`id` text NOT NULL, `org` text NOT NULL, `journal_id` text NOT NULL, `account` text NOT NULL, `currency` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "posting_journal_id_account_org" to table: "journal_postings"
CREATE UNIQUE INDEX `posting_journal_id_account_org` ON `journal_postings` (`journal_id`, `account`, `org`);
-- Create index "posting_account_org_currency" to table: "journal_postings"
CREATE INDEX `posting_account_org_currency` ON `journal_postings` (`account`, `org`, `currency`);
-- Create "rebate_policies" table
CREATE TABLE `rebate_policies` (`id` text NOT NULL, `code` text NOT NULL, `version` integer NOT NULL, `name` text NOT NULL, `shares` text NOT NULL DEFAULT (''), `channels` text NOT NULL DEFAULT (''), `content` text NOT NULL, `in_force_from_us` integer NOT NULL, `in_force_until_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "rebatepolicy_code_version" to table: "rebate_policies"
CREATE UNIQUE INDEX `rebatepolicy_code_version` ON `rebate_policies` (`code`, `version`);
-- Create "rebate_statements" table
CREATE TABLE `rebate_statements` (`id` text NOT NULL, `org` text NOT NULL, `period` text NOT NULL, `payee` text NOT NULL, `role` text NOT NULL, `currency` text NOT NULL, `earned_minor` integer NOT NULL, `clawed_back_minor` integer NOT NULL, `carried_minor` integer NOT NULL, `total_minor` integer NOT NULL, `closed_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "statement_period_org_payee_role_currency" to table: "rebate_statements"
CREATE UNIQUE INDEX `statement_period_org_payee_role_currency` ON `rebate_statements` (`period`, `org`, `payee`, `role`, `currency`);
-- Create index "statement_org_payee_role_currency" to table: "rebate_statements"
CREATE INDEX `statement_org_payee_role_currency` ON `rebate_statements` (`org`, `payee`, `role`, `currency`);
-- Create "rebate_statement_lines" table
CREATE TABLE `rebate_statement_lines` (`id` text NOT NULL, `org` text NOT NULL, `statement_id` text NOT NULL, `period` text NOT NULL, PRIMARY KEY (`id`));
-- Create index "statementline_statement_id" to table: "rebate_statement_lines"
CREATE INDEX `statementline_statement_id` ON `rebate_statement_lines` (`statement_id`);
-- Create index "statementline_period" to table: "rebate_statement_lines"
CREATE INDEX `statementline_period` ON `rebate_statement_lines` (`period`);
-- Create "supply_entries" table
CREATE TABLE `supply_entries` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `line_id` text NOT NULL, `document` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `seller_org` text NOT NULL, `quantity` integer NOT NULL, `price_minor` integer NOT NULL, `amount_minor` integer NOT NULL, `fee_minor` integer NOT NULL, `currency` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "supply_document_line_id_org" to table: "supply_entries"
CREATE UNIQUE INDEX `supply_document_line_id_org` ON `supply_entries` (`document`, `line_id`, `org`);
-- Create index "supply_order_id" to table: "supply_entries"
CREATE INDEX `supply_order_id` ON `supply_entries` (`order_id`);
