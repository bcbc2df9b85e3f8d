select at, who, what, detail from events where ticket = $1 order by seq;
