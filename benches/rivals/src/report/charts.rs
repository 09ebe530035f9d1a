//! The charts of the report, as SVG.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::harness::book::{Against, Curve, Ratio};

type Drawn = Result<(), Box<dyn Error>>;

const REACHED: RGBColor = RGBColor(46, 125, 50);
const MISSED: RGBColor = RGBColor(198, 40, 40);
const LINES: [RGBColor; 4] = [
    RGBColor(21, 101, 192),
    RGBColor(230, 81, 0),
    RGBColor(46, 125, 50),
    RGBColor(106, 27, 154),
];

/// Bars from 1.0 (as fast as the fastest rival) to the ratio, with a mark at the goal.
pub(super) fn ratios(path: &Path, ratios: &[Ratio]) -> Drawn {
    const LEAST: f64 = 0.01;
    let shown: Vec<_> = ratios
        .iter()
        .filter(|ratio| ratio.against == Against::Rival)
        .collect();
    let rows = shown.len();
    let most = shown
        .iter()
        .map(|ratio| ratio.value.max(ratio.goal))
        .fold(2.0, f64::max)
        * 1.5;
    let height = u32::try_from(90 + rows * 26)?;
    let root = SVGBackend::new(path, (900, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "Ours divided by the fastest rival (left of 1 is faster; the bar across is the goal)",
            ("sans-serif", 17),
        )
        .margin(12)
        .x_label_area_size(28)
        .build_cartesian_2d((LEAST / 12.0..most).log_scale(), 0.0..rows as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_label_formatter(&|x| format!("{x}"))
        .draw()?;
    for (index, ratio) in shown.iter().enumerate() {
        let middle = rows as f64 - index as f64 - 0.5;
        let color = if ratio.is_reached() { REACHED } else { MISSED };
        let value = ratio.value.max(LEAST);
        let bar = [
            (1.0_f64.min(value), middle - 0.3),
            (1.0_f64.max(value), middle + 0.3),
        ];
        let goal = [
            (ratio.goal * 0.985, middle - 0.45),
            (ratio.goal * 1.015, middle + 0.45),
        ];
        let label = format!("{}  {:.2}", ratio.id, ratio.value);
        let style = ("sans-serif", 14).into_font().color(&BLACK);
        chart.draw_series([
            Rectangle::new(bar, color.filled()),
            Rectangle::new(goal, BLACK.filled()),
        ])?;
        chart.draw_series([Text::new(label, (LEAST / 11.0, middle + 0.25), style)])?;
    }
    chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, rows as f64)], BLACK)])?;
    root.present()?;
    Ok(())
}

/// The lines of a curve, both scales logarithmic.
pub(super) fn curve(path: &Path, curve: &Curve) -> Drawn {
    let points = || curve.lines.iter().flat_map(|line| &line.points);
    let most_x = points().map(|point| point.0).fold(10.0, f64::max);
    let most_y = points().map(|point| point.1).fold(10.0, f64::max) * 2.0;
    let least_y = points()
        .map(|point| point.1)
        .fold(f64::INFINITY, f64::min)
        .max(0.1)
        / 2.0;
    let root = SVGBackend::new(path, (900, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(curve.title, ("sans-serif", 20))
        .margin(12)
        .margin_right(36)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d((1.0..most_x).log_scale(), (least_y..most_y).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(curve.x)
        .y_desc(curve.y)
        .light_line_style(WHITE)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    for (line, color) in curve.lines.iter().zip(LINES) {
        let stroke = color.stroke_width(2);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), stroke))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], stroke));
        chart.draw_series(
            line.points
                .iter()
                .map(|&point| Circle::new(point, 3, color.filled())),
        )?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}

/// A thousand as `1k`, a million as `1M`.
fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", v / 1e6),
        v if v >= 1e3 => format!("{}k", v / 1e3),
        v => format!("{v}"),
    }
}
