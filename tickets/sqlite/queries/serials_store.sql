select store from desk;
