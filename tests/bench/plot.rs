//! Plots of a figure over the size that it should not depend on.

use std::path::Path;

use plotters::coord::combinators::BindKeyPoints;
use plotters::prelude::*;

use crate::measure::{Spread, sorted};
use crate::report::digits;

const SIZE: (u32, u32) = (760, 420);
const COLOURS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(127, 127, 127),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(255, 127, 14),
];

/// Lines over a logarithmic axis, with the least and the greatest round of each point.
pub struct Plot {
    pub file: String,
    pub title: String,
    pub x: &'static str,
    pub y: &'static str,
    pub lines: Vec<Line>,
}

/// One of them.
pub struct Line {
    pub name: String,
    points: Vec<(f64, Spread)>,
}

impl Line {
    /// A line without points, which is not drawn.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            points: Vec::new(),
        }
    }

    /// The next point to the right.
    pub fn add(&mut self, x: impl Into<f64>, y: Spread) {
        self.points.push((x.into(), y));
    }
}

impl Plot {
    /// Draws it into an SVG file.
    pub fn draw(&self, file: &Path) {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let mut measured = sorted(points().map(|(x, _)| *x));
        measured.dedup();
        let (least, greatest) = (measured[0], measured[measured.len() - 1]);
        let highest = points().map(|(_, y)| y.max).fold(f64::MIN_POSITIVE, f64::max);

        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE).unwrap();
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(80)
            .build_cartesian_2d(
                (least / 1.3..greatest * 1.3)
                    .log_scale()
                    .with_key_points(measured),
                0.0..highest * 1.3,
            )
            .unwrap();
        chart
            .configure_mesh()
            .x_desc(self.x)
            .x_label_formatter(&|x| digits(*x))
            .y_label_formatter(&|y| digits(*y))
            .y_desc(self.y)
            .light_line_style(TRANSPARENT)
            .draw()
            .unwrap();
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            if line.points.is_empty() {
                continue;
            }
            let style = colour.stroke_width(2);
            let medians = line.points.iter().map(|(x, y)| (*x, y.median));
            chart
                .draw_series(LineSeries::new(medians, style))
                .unwrap()
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            let spreads = line.points.iter();
            let bars =
                spreads.map(|(x, y)| ErrorBar::new_vertical(*x, y.min, y.median, y.max, colour.filled(), 8));
            chart.draw_series(bars).unwrap();
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE.mix(0.8))
            .draw()
            .unwrap();
        area.present().unwrap();
    }
}
