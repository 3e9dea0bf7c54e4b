//! The figure that users hold: what to draw and how, drawn when it is looked at.
use std::path::Path;
use std::sync::{Arc, OnceLock};

use terracube_cube::{DataArray, Error, Result};
use terracube_display::{Data, MimeBundle, RichDisplay};

use crate::draw::{escaped, svg_to_png};
use crate::prepare::{Kind, Options, draw};

/// Gives arrays `plot()`.
pub trait PlotExt {
    /// A figure of the array, as xarray chooses it: a line for one dimension, colours over two axes (`pcolormesh`) for two. A
    /// dimension of length 1 does not count. Reads nothing before the figure is displayed or saved.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_plots::PlotExt;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 3], vec![280.0, 281.0, 282.0, 290.0, 291.0, f64::NAN])
    ///     .with_coord("lat", vec![40.0, 50.0])
    ///     .with_coord("lon", vec![0.0, 10.0, 20.0])
    ///     .named("t2m")
    ///     .with_attr("units", "K");
    /// let figure = t.plot().robust().title("A map");
    /// assert!(figure.svg()?.contains("t2m [K]"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    fn plot(&self) -> Figure;
}

impl PlotExt for DataArray {
    fn plot(&self) -> Figure {
        Figure { array: self.clone(), options: Options::default(), drawn: Arc::default() }
    }
}

/// A figure of one array: title, axes with long names and units, colour bar. Cheap to clone; drawn once, when first displayed.
///
/// A mistake in the array, or in what is asked of the figure, is kept and shown in its place.
///
/// At most about two values per pixel and axis are drawn: of a longer axis every n-th value is *selected before anything is
/// computed* (as `isel(dim, every(n))`, the value in the middle of each n). It is a sample, not a mean.
#[derive(Debug, Clone)]
pub struct Figure {
    array: DataArray,
    options: Options,
    drawn: Arc<OnceLock<Result<String>>>,
}

impl Figure {
    /// The same figure under another title. By default it names the scalar coordinates ("time = 2001-01-16").
    #[must_use]
    pub fn title(&self, title: &str) -> Self {
        self.with(|options| options.title = Some(title.to_owned()))
    }

    /// The size of the page in pixels, width by height. By default about 680 pixels wide, and as high as the data ask for.
    #[must_use]
    pub fn size(&self, width: u32, height: u32) -> Self {
        self.with(|options| options.size = Some((f64::from(width), f64::from(height))))
    }

    /// Colours from the 2nd to the 98th percentile of the values drawn, so that outliers do not take up the scale. Maps only.
    #[must_use]
    pub fn robust(&self) -> Self {
        self.with(|options| options.wanted.robust = true)
    }

    /// The value at the lower end of the colour scale, or of the value axis of a line or histogram.
    #[must_use]
    pub fn vmin(&self, value: f64) -> Self {
        self.with(|options| options.wanted.low = Some(value))
    }

    /// The value at the upper end of the colour scale, or of the value axis of a line or histogram.
    #[must_use]
    pub fn vmax(&self, value: f64) -> Self {
        self.with(|options| options.wanted.high = Some(value))
    }

    /// The colour map by its matplotlib name ("viridis", "RdBu_r", "Blues" ...). By default viridis, or blue to red with zero in
    /// the middle if the values lie on both sides of it (as xarray chooses).
    #[must_use]
    pub fn cmap(&self, name: &str) -> Self {
        self.with(|options| options.colour_map = Some(name.to_owned()))
    }

    /// One line for each position of the other dimension, along `x`, with a legend; for arrays of two dimensions.
    #[must_use]
    pub fn lines(&self, x: &str) -> Self {
        self.with(|options| options.kind = Kind::Lines(x.to_owned()))
    }

    /// How often values occur, in `n_bins` bins of equal width; for any number of dimensions. Of more than four million values
    /// a regular sample is counted, and the title says so.
    #[must_use]
    pub fn histogram(&self, n_bins: usize) -> Self {
        self.with(|options| options.kind = Kind::Histogram(n_bins))
    }

    /// Lines in steps: each value from the label before to its own (xarray's `plot.step()`).
    #[must_use]
    pub fn steps(&self) -> Self {
        self.with(|options| options.steps = true)
    }

    /// About `n` lines of equal value in their colours, for arrays of two dimensions; none beside missing values (xarray's `plot.contour(levels=n)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_plots::PlotExt;
    /// let t = DataArray::from_vec(["y", "x"], &[3, 3], vec![0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 2.0, 3.0, 4.0]);
    /// assert!(t.plot().contour(5).svg()?.contains("<path"));
    /// assert!(t.plot().contourf(5).svg()?.contains("<image"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn contour(&self, n: usize) -> Self {
        self.with(|options| options.kind = Kind::Contours(n))
    }

    /// About `n` bands of colour between lines of equal value, for arrays of two dimensions (xarray's `plot.contourf(levels=n)`).
    #[must_use]
    pub fn contourf(&self, n: usize) -> Self {
        self.with(|options| options.kind = Kind::Bands(n))
    }

    /// The values against those of another array, point by point, aligned by labels (xarray's `ds.plot.scatter(x, y)`, with this one as y). Of more
    /// than ten thousand points a regular sample is drawn, and the title says so.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_plots::PlotExt;
    /// let x = DataArray::from_vec(["i"], &[3], vec![1.0, 2.0, 3.0]).named("x");
    /// let figure = (&x * 2.0).named("y").plot().scatter(&x);
    /// assert!(figure.svg()?.contains("y against x"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn scatter(&self, x: &DataArray) -> Self {
        let x = Box::new(x.clone());
        self.with(|options| options.kind = Kind::Scatter(x))
    }

    /// Arrows whose part to the right are these values, and upwards those of `v`; two dimensions (xarray's `ds.plot.quiver`). Of more than thirty along
    /// an axis every n-th is drawn. A key says what the length means.
    #[must_use]
    pub fn quiver(&self, v: &DataArray) -> Self {
        let v = Box::new(v.clone());
        self.with(|options| options.kind = Kind::Quiver(v))
    }

    /// Arrows of two components over the map of these values: wind over pressure.
    #[must_use]
    pub fn arrows(&self, u: &DataArray, v: &DataArray) -> Self {
        let components = (u.clone(), v.clone());
        self.with(|options| options.arrows = Some(components))
    }

    /// A panel for each position of a dimension, `columns` in a row, all to one scale and with one colour bar (xarray's `plot(col=..., col_wrap=...)`).
    /// 48 panels at most. [`Figure::size`] is that of all panels together; title and
    /// colour bar come on top.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_plots::PlotExt;
    /// let t = DataArray::from_vec(["month", "y", "x"], &[4, 2, 2], (0..16).map(f64::from).collect()).with_coord("month", vec![1, 4, 7, 10]);
    /// assert!(t.plot().facet("month", 2).svg()?.contains("month = 10"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn facet(&self, dim: &str, columns: usize) -> Self {
        let dim = dim.to_owned();
        self.with(|options| options.facet = Some((dim, columns)))
    }

    /// The figure as an SVG document. Computes, once.
    ///
    /// # Errors
    /// The mistake that the array carries, what computing gives, or an array that cannot be drawn so; the hint says what can.
    pub fn svg(&self) -> Result<String> {
        self.drawn.get_or_init(|| draw(&self.array, &self.options)).clone()
    }

    /// The figure as a PNG, two pixels per unit of [`Figure::size`]. Computes, once.
    ///
    /// # Errors
    /// As [`Figure::svg`]; if the machine has no font.
    pub fn png(&self) -> Result<Vec<u8>> {
        svg_to_png(&self.svg()?, 2.0)
    }

    /// Writes the figure to a file; the ending of its name, `.svg` or `.png`, says as what. A file of that name is replaced.
    ///
    /// # Errors
    /// As [`Figure::svg`] and [`Figure::png`]; for other endings; if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let shown = path.display();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let bytes = match ending.as_deref() {
            Some("svg") => self.svg()?.into_bytes(),
            Some("png") => self.png()?,
            _ => {
                return Err(Error::unsupported(format!("`{shown}` is neither .svg nor .png"))
                    .hint("figures are saved as \"name.svg\" or \"name.png\""));
            }
        };
        std::fs::write(path, bytes)
            .map_err(|error| Error::io(format!("the figure was not written to `{shown}`: {error}")))
    }

    /// The mistake that keeps the figure from being drawn, if it is known without computing.
    pub fn error(&self) -> Option<Error> {
        match self.drawn.get() {
            Some(drawn) => drawn.as_ref().err().cloned(),
            None => self.array.error().cloned(),
        }
    }

    fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = self.options.clone();
        change(&mut options);
        Self { array: self.array.clone(), options, drawn: Arc::default() }
    }
}

impl RichDisplay for Figure {
    /// `image/svg+xml` and a line of text; of a figure that failed, the error. Computes.
    fn mime_bundle(&self) -> MimeBundle {
        let name = self.array.name().unwrap_or("array");
        match self.svg() {
            Ok(svg) => MimeBundle::text(format!("<terracube.Figure of {name}>")).with("image/svg+xml", Data::Text(svg)),
            Err(error) => {
                let page = format!(
                    "<div style=\"border-left:3px solid var(--jp-error-color1,#d32f2f);padding:4px 10px\">the figure of \
                     <b>{}</b> cannot be drawn: {}</div>",
                    escaped(name),
                    escaped(&error.to_string())
                );
                MimeBundle::text(format!("the figure of {name} cannot be drawn: {error}"))
                    .with("text/html", Data::Text(page))
            }
        }
    }
}
