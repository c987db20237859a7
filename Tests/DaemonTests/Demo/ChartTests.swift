import Testing

@testable import Daemon

@Suite struct ChartTests {
    @Test func valuesStandInTheirRowsAndLabelsBelow() {
        let hours = [
            Chart.Hour(observed: 5, forecast: nil, label: ""), Chart.Hour(observed: 45, forecast: 25, label: "07"),
            Chart.Hour(observed: 25, forecast: 25, label: ""),
        ]
        #expect(
            Chart(hours: hours, height: 5).lines == [
                "       │   ●  ",
                "    30 │      ",
                "       │   ○ ◉",
                "       │      ",
                "     0 │ ●    ",
                "       └──────",
                "           07",
            ])
    }

    @Test func theTopIsARoundNumberAboveEverything() {
        #expect([0.4, 3.2, 47, 80, 990].map(Chart.niceCeiling) == [1, 4, 50, 80, 1000])
    }

    @Test func aChartWithoutValuesIsEmptyButThere() {
        #expect(Chart(hours: [Chart.Hour(observed: nil, forecast: nil, label: "")], height: 3).lines.count == 5)
    }
}
