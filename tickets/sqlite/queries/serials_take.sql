update desk set next = next + ?1 where next + ?1 <= ?2
returning store, next - ?1;
