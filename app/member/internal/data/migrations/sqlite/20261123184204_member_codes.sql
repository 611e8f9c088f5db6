-- Create "code_misses" table
CREATE TABLE `code_misses` (`id` text NOT NULL, `org` text NOT NULL, `misses` integer NOT NULL DEFAULT (0), `since_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "member_codes" table
CREATE TABLE `member_codes` (`id` text NOT NULL, `org` text NOT NULL, `hash` text NOT NULL, `expires_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "membercode_hash" to table: "member_codes"
CREATE UNIQUE INDEX `membercode_hash` ON `member_codes` (`hash`);
