-- Add column "review" to table: "orders"
ALTER TABLE `orders` ADD COLUMN `review` text NULL;
-- Add column "place_key" to table: "orders"
ALTER TABLE `orders` ADD COLUMN `place_key` text NULL;
-- Create "order_remarks" table
CREATE TABLE `order_remarks` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `text` text NOT NULL DEFAULT (''), `flag` text NOT NULL DEFAULT (''), `internal` bool NOT NULL DEFAULT (false), `actor` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "orderremark_order_id_at_us_id" to table: "order_remarks"
CREATE INDEX `orderremark_order_id_at_us_id` ON `order_remarks` (`order_id`, `at_us`, `id`);
-- Create "reviews" table
CREATE TABLE `reviews` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `hits` json NULL, `reason` text NOT NULL DEFAULT (''), `opened_by` text NOT NULL DEFAULT (''), `opened_us` integer NOT NULL DEFAULT (0), `held_us` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), `escalated_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), `done_by` text NOT NULL DEFAULT (''), `answer` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "review_order_id_no" to table: "reviews"
CREATE UNIQUE INDEX `review_order_id_no` ON `reviews` (`order_id`, `no`);
-- Create index "review_state_held_us_id" to table: "reviews"
CREATE INDEX `review_state_held_us_id` ON `reviews` (`state`, `held_us`, `id`);
-- Create index "review_org_state_held_us_id" to table: "reviews"
CREATE INDEX `review_org_state_held_us_id` ON `reviews` (`org`, `state`, `held_us`, `id`);
-- Create index "review_state_due_us" to table: "reviews"
CREATE INDEX `review_state_due_us` ON `reviews` (`state`, `due_us`);
-- Create "review_rules" table
CREATE TABLE `review_rules` (`id` text NOT NULL, `org` text NOT NULL, `code` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `from_us` integer NOT NULL DEFAULT (0), `terms` blob NOT NULL, `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "reviewrule_org_code_version" to table: "review_rules"
CREATE UNIQUE INDEX `reviewrule_org_code_version` ON `review_rules` (`org`, `code`, `version`);
