package calendar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/us"

	"readback/tickets"
)

// The years whose holidays are known.
const (
	firstYear = 2000
	lastYear  = 2100
)

// Sets are the names of the sets of holidays there are: a country, or a part of it by ISO 3166-2. us is the federal holidays,
// au the days off in every state and territory; gb is gb-eng, which holds for Wales as well.
func Sets() []string { return slices.Sorted(maps.Keys(sets())) }

// daysOff are the dates of a set, substitute days too.
func daysOff(set string) (map[Date]bool, error) {
	off := map[Date]bool{}
	if set == "" {
		return off, nil
	}
	holidays, ok := sets()[set]
	if !ok {
		return nil, fmt.Errorf("holidays %.40q: %w: choose from %s", set, tickets.ErrInvalid, strings.Join(Sets(), ", "))
	}
	for _, holiday := range holidays {
		for year := firstYear; year <= lastYear; year++ {
			actual, observed := holiday.Calc(year)
			for _, day := range []time.Time{actual, observed} {
				if !day.IsZero() {
					off[DateOf(day.Add(12*time.Hour))] = true // midnight may be missing in the zone of this machine
				}
			}
		}
	}
	return off, nil
}

// sets are the holidays by name. What the library does not know, or has otherwise, stands here with its reason.
func sets() map[string][]*cal.Holiday {
	return map[string][]*cal.Holiday{
		"us":     us.Holidays,
		"gb":     gb.Holidays,
		"gb-eng": gb.Holidays,
		"gb-sct": scotland(),
		"gb-nir": northernIreland(),
		"au":     {au.NewYear, au.AustraliaDay, au.GoodFriday, au.EasterMonday, au.AnzacDay, au.MourningDay2022, au.ChristmasDay, au.BoxingDay},
		"au-act": au.HolidaysACT,
		"au-nsw": newSouthWales(),
		"au-nt":  au.HolidaysNT,
		"au-qld": au.HolidaysQLD,
		"au-sa":  au.HolidaysSA,
		"au-tas": au.HolidaysTAS,
		"au-vic": au.HolidaysVIC,
		"au-wa":  westernAustralia(),
	}
}

// scotland: the Banking and Financial Dealings Act 1971, schedule 1 part II; St Andrew's Day Bank Holiday (Scotland) Act 2007.
func scotland() []*cal.Holiday {
	return slices.Concat(
		without(gb.Holidays, gb.EasterMonday, gb.SummerHoliday, gb.NewYear),
		[]*cal.Holiday{
			gb.SummerHolidayScotland,
			yearly("New Year's Day", time.January, 1, cal.AltDay{Day: time.Saturday, Offset: 2}, cal.AltDay{Day: time.Sunday, Offset: 2}),
			yearly("2nd January", time.January, 2, cal.AltDay{Day: time.Saturday, Offset: 2}, cal.AltDay{Day: time.Sunday, Offset: 2}),
			yearly("St Andrew's Day", time.November, 30, mondayAfter()...),
			once("World Cup", Date{2026, time.June, 15}),
		},
	)
}

// northernIreland: schedule 1 part III.
func northernIreland() []*cal.Holiday {
	return slices.Concat(gb.Holidays, []*cal.Holiday{
		yearly("St Patrick's Day", time.March, 17, mondayAfter()...),
		yearly("Battle of the Boyne", time.July, 12, mondayAfter()...),
	})
}

// newSouthWales: the Monday after Anzac Day is a holiday in these two years (Public Holidays Order 2011).
func newSouthWales() []*cal.Holiday {
	return slices.Concat(au.HolidaysNSW, []*cal.Holiday{
		once("Anzac Day, additional day", Date{2026, time.April, 27}),
		once("Anzac Day, additional day", Date{2027, time.April, 26}),
	})
}

// westernAustralia: the sovereign's birthday is proclaimed year by year, and in 2024 it was not the last Monday of September.
func westernAustralia() []*cal.Holiday {
	return slices.Concat(without(au.HolidaysWA, au.QueensBirthdayWa), []*cal.Holiday{
		au.QueensBirthdayWa.Clone(&cal.Holiday{Except: []int{2024}}),
		once("King's Birthday", Date{2024, time.September, 23}),
	})
}

func without(all []*cal.Holiday, some ...*cal.Holiday) []*cal.Holiday {
	return slices.DeleteFunc(slices.Clone(all), func(h *cal.Holiday) bool { return slices.Contains(some, h) })
}

func mondayAfter() []cal.AltDay {
	return []cal.AltDay{{Day: time.Saturday, Offset: 2}, {Day: time.Sunday, Offset: 1}}
}

func yearly(name string, month time.Month, day int, substitutes ...cal.AltDay) *cal.Holiday {
	return &cal.Holiday{Name: name, Month: month, Day: day, Observed: substitutes, Func: cal.CalcDayOfMonth}
}

func once(name string, on Date) *cal.Holiday {
	return &cal.Holiday{Name: name, Month: on.Month, Day: on.Day, StartYear: on.Year, EndYear: on.Year, Func: cal.CalcDayOfMonth}
}
