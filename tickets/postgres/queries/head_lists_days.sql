select day from head_lists order by day;
