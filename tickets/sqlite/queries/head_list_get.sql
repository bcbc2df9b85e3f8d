select list from head_lists where day = ?1;
