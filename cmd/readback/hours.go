package main

import (
	"fmt"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/calendar"
)

// calendarsOf are the working hours of each number's country.
func calendarsOf(c *config.Config) (tickets.Calendars, error) {
	countries := map[string]tickets.Calendar{}
	for country, hours := range c.Policy.Hours {
		region, err := regionOf(hours)
		if err != nil {
			return nil, fmt.Errorf("policy.hours.%s: %w", country, err)
		}
		if countries[country], err = calendar.New(region); err != nil {
			return nil, fmt.Errorf("policy.hours.%s: %w", country, err)
		}
	}
	all := tickets.Calendars{}
	for _, number := range c.Numbers {
		if hours, ok := countries[number.Country]; ok {
			all[number.Number] = hours
		}
	}
	return all, nil
}

func regionOf(hours config.Hours) (calendar.Region, error) {
	zone, err := time.LoadLocation(hours.TimeZone)
	if err != nil {
		return calendar.Region{}, err
	}
	region := calendar.Region{Zone: zone, Holidays: hours.Holidays}
	for day, opening := range hours.Week.Days() {
		for _, span := range opening {
			region.Week[day] = append(region.Week[day], calendar.Span{From: span[0], Until: span[1]})
		}
	}
	for _, date := range hours.Closed {
		region.Closed = append(region.Closed, calendar.Date(date))
	}
	for _, date := range hours.Open {
		region.Open = append(region.Open, calendar.Date(date))
	}
	return region, nil
}
