-- Create "unmatched_payments" table
CREATE TABLE `unmatched_payments` (`id` text NOT NULL, `provider` text NOT NULL DEFAULT (''), `payee` text NOT NULL DEFAULT (''), `payment_id` text NOT NULL DEFAULT (''), `order_id` text NOT NULL DEFAULT (''), `transaction_no` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `currency` text NOT NULL DEFAULT (''), `why` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `round` integer NOT NULL DEFAULT (0), `attempts` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `reference` text NOT NULL DEFAULT (''), `failure` text NOT NULL DEFAULT (''), `decided_by` text NOT NULL DEFAULT (''), `note` text NOT NULL DEFAULT (''), `found_us` integer NOT NULL DEFAULT (0), `decided_us` integer NOT NULL DEFAULT (0), `ended_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "unmatchedpayment_provider_transaction_no" to table: "unmatched_payments"
CREATE UNIQUE INDEX `unmatchedpayment_provider_transaction_no` ON `unmatched_payments` (`provider`, `transaction_no`);
-- Create index "unmatchedpayment_state_next_us" to table: "unmatched_payments"
CREATE INDEX `unmatchedpayment_state_next_us` ON `unmatched_payments` (`state`, `next_us`);
-- Create index "unmatchedpayment_state_found_us_id" to table: "unmatched_payments"
CREATE INDEX `unmatchedpayment_state_found_us_id` ON `unmatched_payments` (`state`, `found_us`, `id`);
-- Create index "unmatchedpayment_found_us_id" to table: "unmatched_payments"
CREATE INDEX `unmatchedpayment_found_us_id` ON `unmatched_payments` (`found_us`, `id`);
