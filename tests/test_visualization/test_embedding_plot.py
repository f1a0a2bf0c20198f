import cv2
import numpy as np
import pytest
from sklearn.decomposition import PCA

from mpc_mmseg.visualization.plots import plot_embeddings, principal_plane


def test_plane_equals_scikit_learn():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 6)) * [5, 3, 1, 1, 0.5, 0.1] + 7
    plane, shares = principal_plane(points)
    pca = PCA(2).fit(points)
    # The sign of an axis is arbitrary.
    assert np.abs(plane) == pytest.approx(np.abs(pca.transform(points)), abs=1e-8)
    assert shares == pytest.approx(pca.explained_variance_ratio_)


def test_degenerate_points():
    plane, shares = principal_plane(np.ones((1, 5)))
    assert plane.shape == (1, 2) and (plane == 0).all() and (shares == 0).all()
    plane, shares = principal_plane(np.array([[1.0], [3.0]]))
    assert plane.shape == (2, 2) and shares.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r'\(0, 5\)'):
        principal_plane(np.ones((0, 5)))
    with pytest.raises(ValueError, match='NaN'):
        principal_plane(np.full((3, 2), np.nan))


@pytest.mark.parametrize('labels', [[0, 1, 1], [0, 0, 255], [1, 1, 1]])
def test_plot_is_a_picture_and_always_the_same(labels):
    embeddings = np.random.default_rng(0).normal(size=(30, 4))
    labels = np.array(labels * 10)
    png = plot_embeddings(embeddings, labels, 'Before', max_points=20)
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert min(picture.shape[:2]) > 300 and picture.std() > 5
    assert plot_embeddings(embeddings, labels, 'Before', max_points=20) == png


def test_plot_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r'\(3, 4\) and \(2,\)'):
        plot_embeddings(np.ones((3, 4)), np.zeros(2), '')
    with pytest.raises(ValueError, match='embeddings'):
        plot_embeddings(np.ones((3, 4)), np.full(3, 255), '')
