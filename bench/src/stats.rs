//! Samples and what is said of them: the median, and the quarters below and above it.

/// What is said of samples of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub count: usize,
    pub least: f64,
    /// A quarter of the samples is smaller.
    pub low: f64,
    pub median: f64,
    /// A quarter of the samples is larger.
    pub high: f64,
    pub most: f64,
}

impl Summary {
    /// Of at least one sample.
    pub fn of(samples: &[f64]) -> Self {
        assert!(!samples.is_empty(), "nothing was measured");
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Summary { count: sorted.len(), least: at(0.0), low: at(0.25), median: at(0.5), high: at(0.75), most: at(1.0) }
    }

    /// `12.3 (11.9 to 13.0)`, with so many digits.
    pub fn show(&self, digits: usize) -> String {
        format!("{:.digits$} ({:.digits$} to {:.digits$})", self.median, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_quarters_lie_between_the_samples() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(
            (summary.least, summary.low, summary.median, summary.high, summary.most),
            (1.0, 1.75, 2.5, 3.25, 4.0)
        );
        assert_eq!(Summary::of(&[7.0]).show(1), "7.0 (7.0 to 7.0)");
    }
}
