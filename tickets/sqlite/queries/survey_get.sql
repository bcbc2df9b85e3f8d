select ticket, score, comment, given_at, changed_at
from surveys
where ticket = ?1;
