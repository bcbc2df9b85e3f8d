select store, accounts_at from copies;
