//! What values look like: text for the terminal, HTML for the notebook. A representation reads at most a corner of the data.
mod chunk_picture;
mod display;
mod html;
mod nested;
mod of_data;
mod text;
mod values;
mod view;
mod words;

#[cfg(test)]
mod snapshots;
