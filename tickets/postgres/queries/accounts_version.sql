select coalesce((select version from account_changes), 0);
